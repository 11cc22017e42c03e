import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import {
  AdminAddUserToGroupCommand,
  AdminRemoveUserFromGroupCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import {
  DeregisterTargetsCommand,
  RegisterTargetsCommand,
  SetRulePrioritiesCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { ModifyDBInstanceCommand } from "@aws-sdk/client-rds";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { PutSecretValueCommand } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import * as z from "zod";
import { development } from "../../environments/development.ts";
import { postgresBackend } from "../../mcp-server/backends/postgres.ts";
import type { ChatBackend } from "../../mcp-server/chat/backend.ts";
import { version } from "../../shared/version.ts";
import { describeWith } from "../../test/jest/describe-if.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { type ChatDatabase, startChatDatabase } from "../../test/mcp-server/database.ts";
import { startTestService, type TestService } from "../../test/mcp-server/service.ts";
import {
  AGENT,
  clients,
  databaseInstance,
  loadBalancer,
  stackOutputs,
  userPool,
} from "../../test/ops/account.ts";
import { credentials, ops, type Result } from "../../test/ops/command.ts";
import { type Cluster, cluster } from "../../test/ops/ecs.ts";
import { inPostgres } from "../../test/ops/migration-task.ts";
import { stateOf } from "../../test/ops/outputs.ts";
import { COMMUNITY, intactPages, type Site, SSO, startSite } from "../../test/ops/site.ts";
import { type AwsServer, startAws } from "../servers/aws-api.ts";
import { type Moto, startMoto } from "../servers/moto.ts";
import type { Outputs } from "./outputs.ts";

describeWith("terraform", "moto")(
  "an environment of the stack's own outputs, on an emulator of AWS with a real MCP server and a real PostgreSQL",
  () => {
    let moto: Moto;
    let aws: AwsServer;
    let ecs: Cluster;
    let restore: () => void;
    let database: ChatDatabase;
    let backend: ChatBackend;
    let mcp: TestService;
    let site: Site;
    let outputs: Outputs;
    beforeAll(async () => {
      [moto, database] = await Promise.all([startMoto(), startChatDatabase()]);
      aws = await startAws(moto.url);
      restore = credentials(aws);
      const stack = await stackOutputs();
      const signIn = await userPool(stack);
      backend = postgresBackend({ connection: database.connection, agentUserId: database.world.agent });
      mcp = await startTestService(
        backend,
        { COGNITO_USER_POOL_ID: signIn.user_pool_id, COGNITO_CLIENT_IDS: signIn.clientId },
        new SimpleJwksCache({
          fetcher: {
            fetch: async () =>
              (await fetch(`${moto.url}/${signIn.user_pool_id}/.well-known/jwks.json`)).arrayBuffer(),
          },
        }),
      );
      site = await startSite();
      const { origin } = site;
      outputs = {
        ...stack,
        ...(await loadBalancer(moto, stack)),
        sign_in: { ...stack.sign_in, ...signIn },
        secret_arns: { clients: signIn.clientsSecretArn },
        database: await databaseInstance(),
        dns_record: { ...stack.dns_record, name: "localhost" },
        urls: {
          homeserver: origin,
          admin_ui: `${origin}/chat-admin/`,
          graphql: `${origin}/api/graphql`,
          mcp: String(mcp.mcp),
          mcp_health: `${mcp.mcp}/health`,
        },
      };
      await clients().s3.send(new CreateBucketCommand({ Bucket: development.state.bucket }));
      const { bucket: Bucket, key: Key } = development.state;
      await clients().s3.send(new PutObjectCommand({ Bucket, Key, Body: stateOf(outputs) }));
      // PostgreSQL, moto and Terraform all start here.
    }, 300_000);
    afterAll(async () => {
      restore?.();
      site?.stop();
      await mcp?.stop();
      await database?.stop();
      await aws?.stop();
      await moto?.stop();
    });
    beforeEach(() => {
      site.pages = intactPages(outputs);
      ecs = cluster(outputs);
      ecs.run = inPostgres(database);
      Object.assign(aws.answers, ecs.answers);
    });

    const states = (result: Result) =>
      z
        .array(z.object({ check: z.string(), what: z.string(), state: z.string(), found: z.string() }))
        .parse(result.json()["checks"]);
    const failures = async (...options: string[]) => {
      const result = await ops(["verify", "development", "--json", ...options]);
      const failed = states(result).filter(({ state }) => state === "failed");
      withMessage(result.stdout, () => expect(result.exitCode).toBe(failed.length ? 1 : 0));
      return failed.map(({ what, found }) => `${what}: ${found}`);
    };

    describe("verify", () => {
      it("passes where everything runs as it was applied", async () => {
        const result = await ops(["verify", "development", "--json"]);
        withMessage(result.stderr, () =>
          expect(states(result).filter(({ state }) => state !== "passed")).toEqual([
            {
              check: "dns",
              what: "record localhost",
              state: "skipped",
              found: "CLOUDFLARE_API_TOKEN is not set",
            },
          ]),
        );
        expect(result.exitCode).toBe(0);
        expect([...new Set(states(result).map(({ check }) => check))]).toEqual([
          "services",
          "load-balancer",
          "dns",
          "endpoints",
          "rooms",
          "sign-in",
          "tools",
          "backups",
          "hasura",
          "schema",
        ]);
        expect(states(result)).toContainEqual(
          expect.objectContaining({ what: "MCP tools", found: "9 of 9 listed, as for the group admin" }),
        );
        expect(states(result)).toContainEqual(
          expect.objectContaining({ what: "database schema", found: Object.keys(outputs.migrations).at(-1) }),
        );
        const { origin } = new URL(outputs.urls.mcp);
        for (const [at, found] of [
          ["/.well-known/oauth-protected-resource/mcp", `sign in at ${origin}`],
          ["/.well-known/oauth-authorization-server", `issuer ${origin}, PKCE with S256`],
          ["/mcp/oauth/register", "registers a client with a loopback address"],
        ])
          expect(states(result)).toContainEqual(expect.objectContaining({ what: `${origin}${at}`, found }));
        expect(states(result)).toContainEqual(
          expect.objectContaining({ what: `${outputs.urls.mcp}/version`, found: `version ${version}` }),
        );
      });

      it("prints a table for people", async () => {
        const { stdout } = await ops(["verify", "development", "--only", "backups"]);
        expect(stdout).toMatch(
          /^passed {2}RDS backups {2}phenom-dev-db: 7 days.*\n1 passed, 0 failed, 0 skipped\n$/,
        );
      });

      it("finds a service that runs another task definition, and another image", async () => {
        const arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/phenom-dev-chat-mcp:9";
        ecs.define(arn, "phenom-dev-chat-mcp", "applepublicdotcom/phenom-chat-mcp:other");
        ecs.apply("phenom-dev-chat-mcp", arn);
        expect(await failures("--only", "services")).toEqual([
          "phenom-dev-chat-mcp: runs phenom-dev-chat-mcp:9, expected phenom-dev-chat-mcp:1",
          "phenom-dev-chat-mcp image: runs applepublicdotcom/phenom-chat-mcp:other, expected applepublicdotcom/phenom-chat-mcp:testing",
        ]);
      });

      it("finds a service that is not stable, and one that is missing", async () => {
        const synapse = ecs.services.get("phenom-dev-synapse");
        ecs.services.set("phenom-dev-synapse", { ...synapse, runningCount: 0 });
        ecs.services.delete("phenom-dev-synapse-admin");
        expect(await failures("--only", "services")).toEqual([
          "phenom-dev-synapse: 0 of 1 tasks run",
          "phenom-dev-synapse image: no task runs",
          "phenom-dev-synapse-admin: is missing",
        ]);
      });

      it("finds a target group without a healthy target", async () => {
        const { elb } = clients();
        const target = {
          TargetGroupArn: outputs.services["mcp"]?.target_group,
          Targets: [{ Id: "10.0.1.23", Port: 80 }],
        };
        await elb.send(new DeregisterTargetsCommand(target));
        expect(await failures("--only", "services")).toEqual(["phenom-dev-chat-mcp targets: 0 of 1 healthy"]);
        await elb.send(new RegisterTargetsCommand(target));
      });

      it("finds a rule that was changed by hand", async () => {
        const RuleArn = outputs.listener_rules["chat_mcp_server_rule"]?.arn;
        const { elb } = clients();
        await elb.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn, Priority: 7 }] }));
        expect(await failures("--only", "load-balancer")).toEqual([
          "rule 300 chat_mcp_server_rule: priority 7, expected 300",
        ]);
        await elb.send(new SetRulePrioritiesCommand({ RulePriorities: [{ RuleArn, Priority: 300 }] }));
      });

      it("finds a homeserver that is down, without sign-in through Cognito, or with another client", async () => {
        delete site.pages["/_matrix/client/versions"];
        site.pages["/_matrix/client/v3/login"] = {
          status: 200,
          body: { flows: [{ type: "m.login.password" }] },
        };
        site.pages[SSO] = {
          status: 302,
          location: "https://phenom-dev.auth.us-east-1.amazoncognito.com/oauth2/authorize?client_id=other",
        };
        const origin = outputs.urls.homeserver;
        expect(await failures("--only", "endpoints", "--only", "sign-in")).toEqual(
          [
            `${origin}/_matrix/client/versions: HTTP 503:`,
            `${origin}/_matrix/client/v3/login: HTTP 200 without m.login.sso`,
            `sign-in through Cognito: Synapse redirects as client other, not ${outputs.cognito_client_ids.synapse}`,
          ].map((line) => expect.stringContaining(line)),
        );
      });

      it("finds metadata with which no client can sign in at the MCP server", async () => {
        const { origin } = site;
        const mcp = `${origin}/mcp`;
        const file = path.join(mkdtempSync(path.join(tmpdir(), "phenom-chat-")), "outputs.json");
        const state: unknown = JSON.parse(stateOf({ ...outputs, urls: { ...outputs.urls, mcp } }));
        writeFileSync(file, JSON.stringify(z.object({ outputs: z.unknown() }).parse(state).outputs));
        const other = "https://chat.example.org";
        site.pages["/.well-known/oauth-protected-resource/mcp"] = {
          status: 200,
          body: { resource: mcp, authorization_servers: [other] },
        };
        site.pages["/.well-known/oauth-authorization-server"] = {
          status: 200,
          body: {
            issuer: other,
            authorization_endpoint: `${origin}/mcp/oauth/authorize`,
            token_endpoint: `${other}/mcp/oauth/token`,
            registration_endpoint: `${origin}/mcp/oauth/register`,
            revocation_endpoint: `${origin}/mcp/oauth/revoke`,
            code_challenge_methods_supported: ["plain"],
          },
        };
        const found = await failures("--only", "sign-in", "--outputs", file);
        expect(found).toEqual(
          expect.arrayContaining([
            `${origin}/.well-known/oauth-protected-resource/mcp: authorization_servers are ${other}, without ${origin}`,
            `${origin}/.well-known/oauth-authorization-server: issuer is ${other}, expected ${origin}; token_endpoint is ${other}/mcp/oauth/token, outside of ${origin}; PKCE without S256`,
            expect.stringContaining(`${origin}/mcp/oauth/register: HTTP 503`),
          ]),
        );
      });

      it("finds rooms that bootstrap has not created", async () => {
        site.pages[COMMUNITY] = { status: 404, body: { errcode: "M_NOT_FOUND" } };
        const { exitCode, stdout } = await ops(["verify", "development", "--only", "rooms"]);
        expect([exitCode, stdout]).toEqual([
          1,
          expect.stringContaining(
            "room #community:chat-testing.thephenom.app: npm run ops -- bootstrap development creates it",
          ),
        ]);
      });

      it("finds admin paths that let everyone in", async () => {
        site.pages["/_synapse/admin/v1/server_version"] = { status: 200, body: { server_version: "1" } };
        expect(await failures("--only", "endpoints")).toEqual([
          `${outputs.urls.homeserver}/_synapse/admin/v1/server_version: HTTP 200`,
        ]);
      });

      it("finds an agent that can't sign in, and shows no secret", async () => {
        const { secrets } = clients();
        const SecretId = outputs.sign_in.agent_secret_arn;
        const password = "Wrong-Horse-2";
        await secrets.send(
          new PutSecretValueCommand({
            SecretId,
            SecretString: JSON.stringify({ ...AGENT, AGENT_PASSWORD: password }),
          }),
        );
        const result = await ops(["verify", "development", "--only", "tools", "--json"]);
        expect(states(result)).toEqual([
          expect.objectContaining({
            state: "failed",
            found: expect.stringContaining("the agent's account can't sign in: NotAuthorizedException"),
          }),
        ]);
        expect(result.stdout + result.stderr).not.toContain(password);
        await secrets.send(new PutSecretValueCommand({ SecretId, SecretString: JSON.stringify(AGENT) }));
      });

      it("expects only the tools that the agent's group may call", async () => {
        const { cognito } = clients();
        const user = { UserPoolId: outputs.sign_in.user_pool_id, Username: AGENT.AGENT_USERNAME };
        await cognito.send(new AdminRemoveUserFromGroupCommand({ ...user, GroupName: "admin" }));
        expect(await failures("--only", "tools")).toEqual([
          "MCP tools: the agent's account is in no group that may call tools",
        ]);
        await cognito.send(new AdminAddUserToGroupCommand({ ...user, GroupName: "agent" }));
        const { stdout } = await ops(["verify", "development", "--only", "tools"]);
        expect(stdout).toContain("5 of 9 listed, as for the group agent");
        await cognito.send(new AdminAddUserToGroupCommand({ ...user, GroupName: "admin" }));
      });

      it("finds backups that are off", async () => {
        const { rds } = clients();
        const keep = (BackupRetentionPeriod: number) =>
          rds.send(
            new ModifyDBInstanceCommand({
              DBInstanceIdentifier: "phenom-dev-db",
              BackupRetentionPeriod,
              ApplyImmediately: true,
            }),
          );
        await keep(0);
        expect(await failures("--only", "backups")).toEqual([
          "RDS backups: phenom-dev-db: automatic backups are off",
        ]);
        await keep(7);
      });

      it("finds a Hasura whose name only ECS Service Connect knows, however healthy the public paths are", async () => {
        ecs.run = ({ family }) => ({ exitCode: family === "phenom-dev-chat-hasura-metadata" ? 6 : 0 });
        expect(await failures("--only", "hasura", "--only", "endpoints")).toEqual([
          "Hasura inside the VPC: its host name can't be resolved inside the VPC",
        ]);
      });

      it("finds a migration that is missing, and one that was changed after it was applied", async () => {
        const [name = "", checksum = ""] = Object.entries(outputs.migrations).at(-1) ?? [];
        await database.sql("update chat_schema_migrations set checksum = 'other' where name = $1", [name]);
        expect(await failures("--only", "schema")).toEqual([
          `database schema: changed after they were applied: ${name}`,
        ]);
        await database.sql("update chat_schema_migrations set checksum = $2, name = 'zzz' where name = $1", [
          name,
          checksum,
        ]);
        expect(await failures("--only", "schema")).toEqual([`database schema: missing: ${name}`]);
        await database.sql("update chat_schema_migrations set name = $1 where name = 'zzz'", [name]);
        expect(await failures("--only", "schema")).toEqual([]);
      });

      it("repeats a failing check until it passes or the time is over", async () => {
        let requests = 0;
        const page = site.pages["/_matrix/client/versions"] ?? { status: 200 };
        Object.defineProperty(site.pages, "/_matrix/client/versions", {
          get: () => (++requests < 3 ? { status: 502 } : page),
        });
        expect(await failures("--only", "endpoints", "--wait", "1")).toEqual([]);
        expect(requests).toBe(3);
      });

      it("refuses an unknown check and names the known ones", async () => {
        expect(await ops(["verify", "development", "--only", "weather"])).toMatchObject({
          exitCode: 2,
          stderr: expect.stringContaining(
            "option '--only <check>' argument 'weather' is invalid. Choose from: services, load-balancer",
          ),
        });
      });
    });

    describe("migrate", () => {
      it("brings a real database up to date with the task's own command", async () => {
        const { exitCode, stderr } = await ops(["migrate", "development"]);
        expect(exitCode).toBe(0);
        expect(stderr).toContain("| migration: the schema is up to date");
      });
    });

    describe("rollback", () => {
      const arn = (revision: number) =>
        `arn:aws:ecs:us-east-1:123456789012:task-definition/phenom-dev-chat-mcp:${revision}`;
      beforeEach(() => {
        for (const revision of [2, 3])
          ecs.define(arn(revision), "phenom-dev-chat-mcp", `applepublicdotcom/phenom-chat-mcp:${revision}`);
        ecs.define(
          "arn:aws:ecs:us-east-1:123456789012:task-definition/phenom-dev-chat-mcp-other:2",
          "other",
          "other:1",
        );
        ecs.apply("phenom-dev-chat-mcp", arn(3));
      });

      it("goes to the previous revision, and verifies that the service runs it", async () => {
        const result = await ops(["rollback", "development", "mcp", "--json", "--skip", "schema"]);
        withMessage(result.stdout, () => expect(result.exitCode).toBe(0));
        expect(ecs.services.get("phenom-dev-chat-mcp")?.taskDefinition).toBe(arn(2));
        expect(states(result)).toContainEqual(
          expect.objectContaining({
            what: "phenom-dev-chat-mcp image",
            found: "applepublicdotcom/phenom-chat-mcp:2",
          }),
        );
      });

      it("skips revisions that are no longer registered", async () => {
        const gone = ecs.definitions.get(arn(2));
        ecs.definitions.set(arn(2), { ...gone, status: "INACTIVE" });
        await ops(["rollback", "development", "mcp", "--skip", "schema"]);
        expect(ecs.services.get("phenom-dev-chat-mcp")?.taskDefinition).toBe(arn(1));
      });

      it("goes to the revision that is named", async () => {
        await ops(["rollback", "development", "mcp", "--to", "1", "--skip", "schema"]);
        expect(ecs.services.get("phenom-dev-chat-mcp")?.taskDefinition).toBe(arn(1));
      });

      it("refuses a revision that is not registered before it says what it would do", async () => {
        const result = await ops(["rollback", "development", "mcp", "--to", "999", "--dry-run"]);
        expect(result).toMatchObject({
          exitCode: 2,
          stdout: "",
          stderr: expect.stringContaining("phenom-dev-chat-mcp:999 is not registered"),
        });
      });

      it("goes no further back by itself when ECS has rolled the service back already", async () => {
        ecs.define(arn(0), "phenom-dev-chat-mcp", "applepublicdotcom/phenom-chat-mcp:0");
        ecs.apply("phenom-dev-chat-mcp", arn(0));
        expect(await ops(["rollback", "development", "mcp"])).toMatchObject({
          exitCode: 1,
          stderr: expect.stringMatching(
            /was rolled back already: it runs .*:0, and .*:1 was applied\n.*--to <revision>/,
          ),
        });
      });

      it("fails when the previous revision does not become stable", async () => {
        ecs.deploy = () => "fails";
        expect(await ops(["rollback", "development", "mcp"])).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining(
            "phenom-dev-chat-mcp did not become stable on phenom-dev-chat-mcp:2",
          ),
        });
      });

      it("fails when there is no previous revision", async () => {
        expect(await ops(["rollback", "development", "synapse"])).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("no task definition before phenom-dev-synapse:1 is registered"),
        });
      });
    });
  },
);
