import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { App } from "cdktf";
import { stringify } from "yaml";
import * as z from "zod";
import { development } from "../../../environments/development.ts";
import { importsSchema } from "../../../environments/imports.ts";
import { parseEnvironment } from "../../../environments/schema.ts";
import { ChatStack } from "../../../stacks/chat/chat-stack.ts";
import { describeWith } from "../../../test/jest/describe-if.ts";
import { withMessage } from "../../../test/jest/with-message.ts";
import {
  account as accountOf,
  createRoom,
  download,
  matrix,
  register,
  send,
  upload,
} from "../../../test/matrix.ts";
import { ops, type Result } from "../../../test/ops/command.ts";
import { savedMedia, unpackMedia } from "../../../test/ops/media-copy.ts";
import { type Platform, type PlatformAccount, startPlatform } from "../../../test/ops/platform.ts";
import { sourceChat } from "../../../test/ops/source-account.ts";
import { runTool } from "../../../test/terraform/tool.ts";
import { type PostgresServer, startPostgres } from "../../servers/postgres.ts";
import {
  deploySynapse,
  drawSecrets,
  giveToSynapse,
  type Synapse,
  type SynapseDeployment,
} from "../../servers/synapse.ts";
import { readPlan } from "../../terraform/plan-json.ts";

const arn = (name: string) => `arn:aws:secretsmanager:us-east-1:123456789012:secret:${name}-AbCdEf`;
/** Copies of what the source's homeserver ran with, which its own secret will not hold for long. */
const before = { config: arn("phenom-dev-before-config"), key: arn("phenom-dev-before-key") };
const adopting = {
  ...development,
  takeOver: {
    synapseSigningKey: { secretArn: before.key },
    synapseRegistrationSharedSecret: { secretArn: before.config, key: "registration_shared_secret" },
    synapseMacaroonSecretKey: { secretArn: before.config, key: "macaroon_secret_key" },
    synapseFormSecret: { secretArn: before.config, key: "form_secret" },
    synapseDatabasePassword: { secretArn: before.config, key: "database.args.password" },
  },
};
const old = drawSecrets();
const homeserverYaml = stringify({
  server_name: "chat-testing.thephenom.app",
  registration_shared_secret: old.SYNAPSE_REGISTRATION_SHARED_SECRET,
  macaroon_secret_key: old.SYNAPSE_MACAROON_SECRET_KEY,
  form_secret: old.SYNAPSE_FORM_SECRET,
  database: { name: "psycopg2", args: { user: "synapse", password: old.SYNAPSE_DATABASE_PASSWORD } },
});
const attributesOf = z.array(z.object({ type: z.string(), id: z.string(), attributes: z.json() }));

/** Types whose destruction loses data or identity. */
const stateful = [
  "aws_cognito_user_pool_client",
  "aws_secretsmanager_secret",
  "aws_cloudwatch_log_group",
  "aws_efs_file_system",
  "aws_security_group",
  "aws_lb_target_group",
  "aws_ecs_service",
];

describeWith(
  "moto",
  "terraform",
  "synapse",
)("adopting an environment that runs already", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-adopt-"));
  const file = (name: string) => path.join(folder, name);
  let platform: Platform;
  let account: PlatformAccount;
  let source: Awaited<ReturnType<typeof sourceChat>>;
  let adopted: Result;

  beforeAll(async () => {
    platform = await startPlatform();
    account = platform.account;
    source = await sourceChat(account, homeserverYaml);
    platform.web.records = [
      {
        id: "372e67954025e0ba6aaa6d586b9e0b59",
        type: "CNAME",
        content: String(account.inputs["alb_dns_name"]),
        proxied: true,
      },
    ];
    adopted = await ops(["adopt", "development", "--json", "--out", file("imports.json")]);
  });
  afterAll(async () => {
    await platform?.stop();
    rmSync(folder, { recursive: true });
  });

  const imports = () => importsSchema.parse(JSON.parse(readFileSync(file("imports.json"), "utf8")));

  it("finds the source's resources by their names, and writes their import ids", () => {
    withMessage(adopted.stdout + adopted.stderr, () => expect(adopted.exitCode).toBe(0));
    const ids = Object.fromEntries(imports().map(({ to, id }) => [to, id]));
    expect(ids).toMatchObject({
      "aws_ecs_service.chat_synapse_homeserver": "phenom-dev-cluster/phenom-dev-synapse",
      "aws_ecs_service.chat_mcp_server_service": "phenom-dev-cluster/phenom-dev-chat-mcp",
      "aws_ecs_service.chat_synapse_admin_ui": "phenom-dev-cluster/phenom-dev-synapse-admin",
      "aws_security_group.chat_synapse_security_group": source.securityGroup,
      "aws_cognito_user_pool_client.chat_shared_synapse_oidc": `${account.inputs["cognito_user_pool_id"]}/${source.synapseClient}`,
      "aws_cognito_user_pool_client.chat_shared_agent": `${account.inputs["cognito_user_pool_id"]}/${source.agentClient}`,
      "aws_secretsmanager_secret.chat_shared_clients": source.clientsSecret,
      "aws_secretsmanager_secret.chat_synapse_homeserver_config": source.homeserverSecret,
      "aws_cloudwatch_log_group.chat_synapse_homeserver_task_log_group": "/ecs/phenom-dev-synapse",
      "aws_iam_role.chat_link_preview_function_role": "phenom-dev-link-preview-lambda",
      "cloudflare_dns_record.dns_record": "0123456789abcdef0123456789abcdef/372e67954025e0ba6aaa6d586b9e0b59",
    });
    for (const rule of ["chat_synapse_rule", "chat_synapse_admin_ui_rule", "chat_mcp_server_rule"])
      expect(ids[`aws_lb_listener_rule.${rule}`]).toContain(":listener-rule/");
    for (const group of ["chat_synapse_from_alb", "chat_synapse_database_from_synapse"])
      expect(ids[`aws_vpc_security_group_ingress_rule.${group}`]).toMatch(/^sgr-/);
    expect(ids).not.toHaveProperty("aws_efs_file_system.chat_synapse_media");
  });

  it("keeps what would otherwise replace a resource, and names every difference", () => {
    expect(imports().find(({ to }) => to === "aws_security_group.chat_synapse_security_group")?.keep).toEqual(
      ["description"],
    );
    expect(adopted.json()).toMatchObject({
      resources: expect.arrayContaining([
        expect.objectContaining({
          address: "aws_cloudwatch_log_group.chat_synapse_homeserver_task_log_group",
          differences: [{ argument: "retention_in_days", is: 0, wanted: 30, effect: "update" }],
        }),
      ]),
    });
  });

  it("writes no file in a dry run", async () => {
    const { exitCode, stdout } = await ops(["adopt", "development", "--dry-run", "--out", file("dry.json")]);
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("to import")]);
    expect(stdout).toContain(`would write ${file("dry.json")}`);
    expect(() => readFileSync(file("dry.json"))).toThrow("ENOENT");
  });

  /** Applies the adopting stack with the real Terraform to an account that holds what moto holds. */
  async function applied() {
    const { attributes } = z.looseObject({ attributes: attributesOf }).parse(adopted.json());
    const stand = {
      resources: attributes,
      secrets: { [before.config]: homeserverYaml, [before.key]: `${old.SYNAPSE_SIGNING_KEY}\n` },
    };
    writeFileSync(file("account.json"), JSON.stringify(stand));
    writeFileSync(file("inputs.tfvars.json"), JSON.stringify(account.inputs));
    const parsed = parseEnvironment(adopting);
    if ("problems" in parsed) throw new Error(parsed.problems.join("\n"));
    const app = new App({ outdir: file("cdktf.out"), stackTraces: false });
    new ChatStack(app, parsed.environment, imports());
    app.synth();
    const run = await runTool(
      [
        path.join(folder, "cdktf.out/stacks/development"),
        "check",
        "--var-file",
        file("inputs.tfvars.json"),
        "--json",
        file("plan.json"),
      ],
      { env: { ...process.env, TF_OFFLINE_ACCOUNT: file("account.json") } },
    );
    const { secrets } = z
      .object({ secrets: z.record(z.string(), z.string()) })
      .parse(JSON.parse(readFileSync(file("account.json"), "utf8")));
    const secret = (name: string) =>
      Object.entries(secrets).find(([arn]) =>
        arn.includes(`:secret:phenom-dev-development-chat-synapse-${name}-`),
      )?.[1];
    return { ...run, secret };
  }

  it("destroys and replaces nothing, and the homeserver keeps its identity, sessions and rooms", async () => {
    let postgres: PostgresServer | undefined;
    let deployment: SynapseDeployment | undefined;
    let synapse: Synapse | undefined;
    try {
      postgres = await startPostgres();
      deployment = await deploySynapse(postgres, {}, old);
      synapse = await deployment.start();
      const keysBefore = await matrix(synapse.url, "GET", "/_matrix/key/v2/server");
      const alice = accountOf(
        await register(synapse.url, old.SYNAPSE_REGISTRATION_SHARED_SECRET, {
          username: "alice",
          password: "a-long-password",
        }),
      );
      const room = await createRoom(synapse.url, alice);
      const sent = await send(synapse.url, alice, room, "from before");
      const uploaded = await upload(synapse.url, alice, "a picture from before");
      await synapse.stop();
      const media = await savedMedia(deployment.mediaDirectory, folder);
      rmSync(deployment.mediaDirectory, { recursive: true });
      mkdirSync(deployment.mediaDirectory);
      await giveToSynapse(deployment.mediaDirectory);

      const { code, output, secret } = await applied();
      withMessage(output, () => expect(code).toBe(0));
      expect(output).toMatch(/ok {4}plan again .* No changes\./);
      const changes = readPlan(readFileSync(file("plan.json"), "utf8"), "the plan").resource_changes;
      const destroyed = changes.filter(({ change }) => change.actions.includes("delete"));
      expect(destroyed.map(({ address }) => address)).toEqual([]);
      const imported = changes.filter(({ change }) => change.importing);
      expect(imported).toHaveLength(imports().length);
      expect(
        imported.filter(({ address }) => stateful.includes(address.split(".")[0] ?? "")),
      ).not.toHaveLength(0);
      for (const text of [output, readFileSync(file("plan.json"), "utf8")])
        for (const value of Object.values(old)) expect(text.includes(value)).toBe(false);

      // Only what Terraform has written goes into the new container.
      synapse = await deployment.start({
        environment: {
          SYNAPSE_SIGNING_KEY: String(secret("signing-key")),
          SYNAPSE_REGISTRATION_SHARED_SECRET: String(secret("registration")),
          SYNAPSE_MACAROON_SECRET_KEY: String(secret("macaroon")),
          SYNAPSE_FORM_SECRET: String(secret("form")),
          SYNAPSE_DATABASE_PASSWORD: String(secret("database")),
        },
      });
      const keysAfter = await matrix(synapse.url, "GET", "/_matrix/key/v2/server");
      expect(keysAfter.body["verify_keys"]).toEqual(keysBefore.body["verify_keys"]);
      const read = await matrix(
        synapse.url,
        "GET",
        `/_matrix/client/v3/rooms/${room}/event/${sent.body["event_id"]}`,
        {
          token: alice.accessToken,
        },
      );
      expect(read).toMatchObject({ status: 200, body: { content: { body: "from before" } } });
      expect(await download(synapse.url, alice, uploaded)).toBe("");
      await unpackMedia(media, deployment.mediaDirectory);
      expect(await download(synapse.url, alice, uploaded)).toBe("a picture from before");
      const bob = { username: "bob", password: "another-long-password" };
      expect(await register(synapse.url, old.SYNAPSE_REGISTRATION_SHARED_SECRET, bob)).toMatchObject({
        status: 200,
      });
    } finally {
      await synapse?.stop();
      await deployment?.remove();
      await postgres?.stop();
    }
  });
});
