import * as z from "zod";
import { RESERVED_PRIORITIES } from "../modules/chat-synapse/workers/paths.ts";
import { signingKeyId } from "../shared/matrix-names.ts";
import { checkedSize, hostName, matching, size } from "./fields.ts";
import { jwt, maxUploadSize, oldSigningKeys, previewHosts, workers } from "./homeserver-settings.ts";
import { FLOATING_TAG_RULE, floatingTags, IMAGE_TAG_PATTERN, IMAGE_TAG_RULE } from "./image-tags.ts";
import { allInputs } from "./inputs.ts";
import { pipeline } from "./pipeline-settings.ts";
import { platformOf, platformProblems, platformSettings } from "./platform-settings.ts";
import { inputsSource } from "./stack-names.ts";

const region = matching(/^[a-z]{2}(?:-[a-z]+)+-\d$/, "must be an AWS region, such as us-east-1");
const count = z.int({ error: "must be a whole number" }).min(1, { error: "must be at least 1" });
const PRIORITY = "must be a whole number from 1 to 50000";
const priority = z.int({ error: PRIORITY }).min(1, { error: PRIORITY }).max(50_000, { error: PRIORITY });

const image = z.strictObject({
  repository: matching(
    /^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/,
    "must be an image's repository without a tag, in lower case",
  ),
  /** @default - the deployment sets the variable `<image>_image_tag` */
  tag: matching(new RegExp(IMAGE_TAG_PATTERN), IMAGE_TAG_RULE).optional(),
});

const remoteState = z.strictObject({
  from: z.literal("remote-state"),
  /** State of the stack whose outputs they are. @default - that of this environment's platform */
  bucket: z.string().optional(),
  key: z.string().optional(),
  region: region.optional(),
  /** Names of outputs that differ from the input's name. @default - the input's name */
  outputs: z
    .partialRecord(
      z.enum(allInputs.map((input) => input.name) as [string, ...string[]]),
      z.string().min(1, { error: "must name an output of the remote state" }),
    )
    .optional(),
});

const ruleOwner = z.enum(["chat", "platform"], { error: "must be chat or platform" }).default("chat");

const implementation = z.enum(["synapse", "hasura"]);

/** Versions of the generated secrets: raise one to generate that value again. */
const secretVersions = z.strictObject({
  synapseRegistrationSharedSecret: count.default(1),
  synapseMacaroonSecretKey: count.default(1),
  synapseFormSecret: count.default(1),
  synapseSigningKey: count.default(1),
  synapseDatabasePassword: count.default(1),
  synapseBotPassword: count.default(1),
  synapseAdminBotPassword: count.default(1),
  synapseReplicationSecret: count.default(1),
  userProvisionerPassword: count.default(1),
  linkPreviewSecret: count.default(1),
  signInKey: count.default(1),
});

/** Secrets of Synapse whose value may come from a homeserver that ran before. */
const takenOver = z.enum([
  "synapseRegistrationSharedSecret",
  "synapseMacaroonSecretKey",
  "synapseFormSecret",
  "synapseSigningKey",
  "synapseDatabasePassword",
  "synapseBotPassword",
  "synapseAdminBotPassword",
]);
const existingValue = z.strictObject({
  secretArn: matching(
    /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+-[A-Za-z0-9]{6}$/,
    "must be the whole ARN of a secret, with the six characters at its end",
  ),
  /** Path in the secret's YAML or JSON. @default - its whole text */
  key: matching(/^[\w-]+(?:\.[\w-]+)*$/, "must be a path of keys, such as database.args.password").optional(),
});

const schema = z
  .strictObject({
    /** Name of the environment and its stack, and argument of the commands. */
    environment: matching(
      /^[a-z][a-z0-9-]{1,30}$/,
      "must be a short name of lower-case letters, digits and hyphens",
    ),
    /** Prefix of every name on AWS. */
    project: matching(
      /^[a-z][a-z0-9-]*[a-z0-9]$/,
      "must be lower-case letters, digits and hyphens, beginning with a letter",
    ),
    /** Protects stateful resources, and refuses floating image tags and an open admin access. */
    production: z.boolean(),
    region,
    /** Host name of everything that the chat serves. */
    serverName: hostName,
    /** Where Terraform keeps this environment's state. */
    state: z.strictObject({ bucket: z.string(), key: z.string(), region }),
    /** Source of the inputs: Terraform variables, or another stack's remote state. */
    inputs: z.discriminatedUnion("from", [z.strictObject({ from: z.literal("variables") }), remoteState]),
    /** A is Synapse, B is Hasura. At least one of them runs. */
    implementations: z.strictObject({ synapse: z.boolean(), hasura: z.boolean() }),
    /** Implementations whose data may be destroyed although this is production. */
    unprotected: z.array(implementation).default([]),
    mcp: z.strictObject({
      /** The implementation that the tools work on. */
      backend: implementation,
      /** Origins of web pages that may call the MCP server from a browser. */
      corsOrigins: z
        .array(
          z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
            error: "must be an origin, such as https://app.example.org",
          }),
        )
        .default([]),
    }),
    /** Who reaches the admin paths: people who sign in, nobody, or everyone. */
    adminAccess: z.enum(["cognito", "closed", "open"]),
    /**
     * Who owns people's names and pictures in table `users`: the backend, of which the chat fills only what is empty, or
     * Cognito, whose attributes then replace them at each sign-in.
     */
    profileOwner: z.enum(["backend", "cognito"], { error: "must be backend or cognito" }).default("backend"),
    /**
     * Names of identity providers of the user pool, such as `Google`, that people sign in with beside Cognito's own
     * accounts. Each must exist in the pool.
     */
    identityProviders: z
      .array(
        matching(
          /^(?!COGNITO$)[^\s_][^\s_]{1,30}[^\s_]$/,
          "must be the name of an identity provider in the user pool, such as Google; COGNITO is always there",
        ),
      )
      .default([]),
    /** B: days after which messages move to the archive, once a day; 0 keeps them where they are. */
    messageRetentionDays: z
      .number()
      .refine((days) => days === 0 || (Number.isInteger(days) && days >= 30 && days <= 3650), {
        error: "must be 0, or 30 to 3650 days",
      })
      .default(0),
    /** Address of a piece of content, with `{id}` for its id. */
    contentUrlTemplate: matching(
      /^https:\/\/[a-z0-9.-]+\/\S*\{id\}\S*$/,
      "must be an https URL that contains {id}",
    ),
    images: z.strictObject({ synapse: image, synapseAdmin: image, mcp: image, postgres: image, curl: image }),
    services: z.strictObject({
      synapse: size.superRefine(checkedSize),
      synapseAdmin: size.superRefine(checkedSize),
      mcp: size.extend({ minCount: count, maxCount: count }).superRefine(checkedSize),
    }),
    /** Priorities of the HTTPS listener's rules; the lowest that matches wins. */
    priorities: z.strictObject({
      adminApi: priority,
      synapse: priority,
      adminUi: priority,
      adminUiRedirect: priority,
      mcp: priority,
      /** First of the priorities that are reserved for the workers' rules. */
      workers: priority,
    }),
    /**
     * Who adds each ingress rule to another owner's security group: this stack, or the group's owner. AWS refuses a rule
     * that exists, and an owner who writes its rules inside `aws_security_group` removes all others at each apply.
     */
    ingressRules: z
      .strictObject({
        /** To the database, in the RDS instance's group. */
        databaseFromSynapse: ruleOwner,
        databaseFromLambdas: ruleOwner,
        /** To Hasura, in the ECS tasks' group. */
        hasuraFromLambdas: ruleOwner,
        hasuraFromEcsTasks: ruleOwner,
        /** From the load balancer, in the ECS tasks' group. */
        mcpFromAlb: ruleOwner,
        adminUiFromAlb: ruleOwner,
      })
      .prefault({}),
    /** Homeservers that ours exchanges events with. @default - none */
    federation: z
      .strictObject({
        domains: z
          .array(hostName)
          .min(1, { error: "must name at least one homeserver; leave federation out to have none" }),
      })
      .optional(),
    /** @default - the homeserver is one process */
    workers: workers.optional(),
    /** Lets an app that holds a Cognito ID token sign in without a browser. @default - by browser only */
    jwt: jwt.optional(),
    /** Hosts whose links are previewed, in addition to the content's. */
    previewHosts: previewHosts.default([]),
    /** Largest file that people may upload to the homeserver. */
    maxUploadSize,
    /** Public halves of former signing keys of the homeserver. */
    oldSigningKeys: oldSigningKeys.default([]),
    secretVersions: secretVersions.prefault({}),
    pipeline: pipeline.prefault({}),
    /** Settings of the platform's stack, for an empty account. */
    platform: platformSettings.prefault({}),
    /**
     * Values of a homeserver that ran before, by the name in `secretVersions`: they are stored in place of generated
     * ones when the secret is made, or when its version is raised. Remove them afterwards.
     */
    takeOver: z.partialRecord(takenOver, existingValue).default({}),
  })
  .superRefine((env, context) => {
    const problem = (path: (string | number)[], input: unknown, message: string) =>
      context.addIssue({ code: "custom", path, input, message });

    if (!env.implementations.synapse && !env.implementations.hasura)
      problem(
        ["implementations"],
        env.implementations,
        "runs neither synapse nor hasura: turn at least one on",
      );
    if (!env.implementations[env.mcp.backend])
      problem(
        ["mcp", "backend"],
        env.mcp.backend,
        `does not run in this environment: set implementations.${env.mcp.backend} to true or choose the other backend`,
      );
    if (env.services.mcp.minCount > env.services.mcp.maxCount)
      problem(
        ["services", "mcp", "minCount"],
        env.services.mcp.minCount,
        `must not be more than maxCount (${env.services.mcp.maxCount})`,
      );

    const keyId = signingKeyId(env.secretVersions.synapseSigningKey);
    for (const [i, { id }] of env.oldSigningKeys.entries())
      if (id === `ed25519:${keyId}`)
        problem(
          ["oldSigningKeys", i, "id"],
          id,
          "is the key in use: raise secretVersions.synapseSigningKey to draw another",
        );

    const byPriority = new Map<number, string>();
    for (const [rule, value] of Object.entries(env.priorities)) {
      const other = byPriority.get(value);
      if (other)
        problem(
          ["priorities", rule],
          value,
          `is also the priority of ${other}: a listener takes each priority once`,
        );
      byPriority.set(value, rule);
    }
    const reserved = env.priorities.workers + RESERVED_PRIORITIES - 1;
    const { workers: _, ...others } = env.priorities;
    for (const [rule, value] of Object.entries(others))
      if (value > env.priorities.workers && value <= reserved)
        problem(
          ["priorities", rule],
          value,
          `lies among the priorities ${env.priorities.workers} to ${reserved}, which are kept for the workers' rules: choose another`,
        );
    for (const { path, value, message } of platformProblems(platformOf(env), env.priorities))
      problem(["platform", ...path], value, message);
    const before = Math.min(env.priorities.adminApi, env.priorities.synapse);
    if (env.priorities.workers > before)
      problem(
        ["priorities", "workers"],
        env.priorities.workers,
        `must be at most ${before - RESERVED_PRIORITIES}: the workers' rules come before adminApi and synapse`,
      );

    if (!env.production) return;
    for (const [name, { tag }] of Object.entries(env.images))
      if (tag && floatingTags.includes(tag)) problem(["images", name, "tag"], tag, FLOATING_TAG_RULE);
    if (env.adminAccess === "open")
      problem(
        ["adminAccess"],
        env.adminAccess,
        "leaves Synapse's admin API to the internet: production takes cognito or closed",
      );
    for (const [name, on] of Object.entries(env.implementations))
      if (!on && !env.unprotected.includes(name as z.infer<typeof implementation>))
        problem(
          ["implementations", name],
          on,
          `would destroy the data of ${name} (secrets, logs, Cognito clients, file systems), which production protects. ` +
            `It takes two steps: 1. keep ${name} on, add "${name}" to unprotected, apply; 2. turn it off, apply`,
        );
  })
  .transform((env) => ({ ...env, inputs: inputsSource(env) }));

/** An environment as its file states it, without defaults. */
export type EnvironmentData = z.input<typeof schema>;
/** A valid environment with its defaults filled in. */
export type Environment = z.output<typeof schema>;

export type ParsedEnvironment =
  | { readonly environment: Environment }
  | { readonly problems: readonly string[] };

/** Lists every problem in one line each: environment, field, value, allowed values, remedy. */
export class EnvironmentError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `${problems.length} problem${problems.length === 1 ? "" : "s"} in the environments:\n${problems.map((p) => `  ${p}`).join("\n")}`,
    );
    this.name = "EnvironmentError";
    this.problems = problems;
  }
}

const valueAt = (data: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], data);

/** Checks the settings of an environment. Reports every problem in one line each. */
export function parseEnvironment(data: unknown): ParsedEnvironment {
  const parsed = schema.safeParse(data);
  if (parsed.success) return { environment: parsed.data };
  const name = String(valueAt(data, ["environment"]) ?? "environment without a name");
  return {
    problems: parsed.error.issues.flatMap((issue) => {
      if (issue.code === "unrecognized_keys")
        return issue.keys.map(
          (key) =>
            `${name}: ${[...issue.path, key].join(".")}: is not a setting of an environment: remove it or correct its name`,
        );
      const value = valueAt(data, issue.path);
      const finding =
        value === undefined ? `is missing: ${issue.message}` : `${JSON.stringify(value)} ${issue.message}`;
      return `${name}: ${issue.path.join(".")}: ${finding}`;
    }),
  };
}
