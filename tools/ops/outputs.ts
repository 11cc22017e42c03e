import { readFileSync } from "node:fs";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import * as z from "zod";
import type { EnvironmentData } from "../../environments/schema.ts";
import { EXIT, Problem } from "../cli/problem.ts";

const service = z.object({
  name: z.string(),
  container: z.string(),
  image: z.string(),
  task_definition: z.string(),
  /** None where nobody asks the service anything. */
  target_group: z.string().optional(),
  log_group: z.string(),
  least_tasks: z.number().optional(),
  most_tasks: z.number().optional(),
});

const oneShotTask = z.object({
  cluster: z.string(),
  family: z.string(),
  container: z.string(),
  subnets: z.array(z.string()).min(1),
  security_groups: z.array(z.string()).min(1),
  log_group: z.string(),
  addresses: z.array(z.string()).min(1),
});

const listenerRule = z.object({
  arn: z.string(),
  priority: z.number(),
  host: z.string(),
  paths: z.array(z.string()),
  actions: z.array(z.string()),
  target_group: z.string().optional(),
});

const forTasks = {
  account_id: z.string().regex(/^\d{12}$/),
  one_shot_tasks: z.record(z.string(), oneShotTask),
};

/** What the stack's outputs say, as `stacks/chat/outputs.ts` and `stacks/chat/operations-outputs.ts` write it. */
const outputsSchema = z.object({
  ...forTasks,
  cluster: z.string(),
  release: z.string(),
  services: z.record(z.string(), service),
  functions: z.record(z.string(), z.object({ name: z.string(), log_group: z.string() })),
  listener_rules: z.record(z.string(), listenerRule),
  dns_record: z.object({ zone_id: z.string(), name: z.string(), content: z.string(), proxied: z.boolean() }),
  database: z.object({ identifier: z.string(), host: z.string(), port: z.number() }),
  migrations: z.record(z.string(), z.string()).default({}),
  sign_in: z.object({ user_pool_id: z.string(), domain: z.string(), agent_secret_arn: z.string() }),
  urls: z.object({
    homeserver: z.string().optional(),
    admin_ui: z.string().optional(),
    graphql: z.string().optional(),
    mcp: z.string(),
    mcp_health: z.string(),
  }),
  cognito_client_ids: z.object({ agent: z.string(), synapse: z.string().optional() }),
  secret_arns: z.object({ clients: z.string() }),
});

export type Outputs = z.output<typeof outputsSchema>;
export type ServiceOutput = z.output<typeof service>;
export type OneShotTask = z.output<typeof oneShotTask>;
/** What is there once the one-shot tasks are, before anything else was applied. */
export type TaskOutputs = Pick<Outputs, keyof typeof forTasks>;

/** Terraform writes outputs alike in its state and from `terraform output -json`. */
const wrapped = z.record(z.string(), z.object({ value: z.unknown() }));
const state = z.object({ version: z.literal(4), outputs: wrapped });

const applyFirst = (environment: string) => `Apply it first: npm run ops -- deploy ${environment}`;

function parsed<T>(schema: z.ZodType<T>, values: unknown, environment: string, source: string): T {
  const result = schema.safeParse(values);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Problem(
    `${environment}: the output ${issue?.path.join(".")} in ${source} is not what this version reads: ${issue?.message}`,
    `The environment was applied by another version of the code. ${applyFirst(environment)}, or check out the version that was.`,
    EXIT.notDeployed,
    { cause: result.error },
  );
}

const values = (outputs: z.output<typeof wrapped>) =>
  Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));

/** Outputs out of the text that `terraform output -json` prints. @throws Problem where one is missing or malformed */
export function parseOutputs(json: string, environment: string, source: string): Outputs {
  return parsed(outputsSchema, values(readJson(wrapped, json, source)), environment, source);
}

/** The outputs that running one-shot tasks takes. @throws Problem where one is missing or malformed */
export function parseTaskOutputs(json: string, environment: string, source: string): TaskOutputs {
  return parsed(z.object(forTasks), values(readJson(wrapped, json, source)), environment, source);
}

/** Reads the file that `terraform output -json` wrote. */
export function readOutputsFile(file: string, environment: string): Outputs {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Problem(
      `--outputs ${file}: ${error instanceof Error ? error.message : error}`,
      "Write it with: terraform output -json > <file>, in cdktf.out/stacks/<environment>",
      EXIT.usage,
    );
  }
  return parseOutputs(text, environment, file);
}

/** Reads the outputs of the environment's Terraform state, where its backend keeps it. */
export async function readStateOutputs(
  s3: S3Client,
  { environment, state: { bucket, key } }: Pick<EnvironmentData, "environment" | "state">,
): Promise<Outputs> {
  const source = `s3://${bucket}/${key}`;
  const text = await s3
    .send(new GetObjectCommand({ Bucket: bucket, Key: key }))
    .then(({ Body }) => Body?.transformToString())
    .catch((error: unknown) => {
      if (error instanceof Error && ["NoSuchKey", "NoSuchBucket"].includes(error.name))
        throw new Problem(
          `${environment}: there is no Terraform state at ${source}`,
          `${applyFirst(environment)}. Where it was applied, these credentials may be of another account: aws sts get-caller-identity`,
          EXIT.notDeployed,
          { cause: error },
        );
      throw error;
    });
  const { outputs } = readJson(state, text ?? "", source);
  if (Object.keys(outputs).length === 0)
    throw new Problem(
      `${environment}: the state at ${source} has no outputs`,
      applyFirst(environment),
      EXIT.notDeployed,
    );
  return parsed(outputsSchema, values(outputs), environment, source);
}

function readJson<T>(schema: z.ZodType<T>, text: string, source: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    // The cause would quote the text, which may hold secrets.
    throw new Problem(
      `${source} does not hold Terraform outputs (${error instanceof z.ZodError ? "unexpected fields" : "no JSON"})`,
      "It must be a Terraform state of version 4, or what terraform output -json writes",
      EXIT.notDeployed,
    );
  }
}
