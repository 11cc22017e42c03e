import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  AdminAddUserToGroupCommand,
  AdminCreateUserCommand,
  AdminGetUserCommand,
  AdminListGroupsForUserCommand,
  AdminRemoveUserFromGroupCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
  CreateGroupCommand,
  CreateUserPoolClientCommand,
  CreateUserPoolCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import {
  type Action,
  CreateListenerCommand,
  CreateLoadBalancerCommand,
  CreateRuleCommand,
  CreateTargetGroupCommand,
  DeregisterTargetsCommand,
  ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
  SetRulePrioritiesCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CreateDBInstanceCommand, ModifyDBInstanceCommand, RDSClient } from "@aws-sdk/client-rds";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  CreateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import { development } from "../environments/development.ts";
import { postgresBackend } from "../mcp-server/backends/postgres.ts";
import type { ChatBackend } from "../mcp-server/chat/backend.ts";
import { type ChatDatabase, startChatDatabase } from "../mcp-server/testing/database.ts";
import { startTestService, type TestService } from "../mcp-server/testing/service.ts";
import { migrationContainer } from "../migrations/task.ts";
import { version } from "../package.json";
import { installed } from "../test/installed.ts";
import { MOTO, type Moto, startMoto } from "../test/moto.ts";
import { libpqEnvironment } from "../test/postgres.ts";
import { check, offlineTerraform, synthesised } from "../test/terraform/offline.ts";
import { type Outputs, parseOutputs } from "./outputs.ts";
import { type AwsServer, startAws } from "./testing/aws.ts";
import { credentials, noTerminal, ops, type Result, testClock } from "./testing/command.ts";
import { type Cluster, cluster, type StartedTask, type TaskOutcome } from "./testing/ecs.ts";
import { stateOf } from "./testing/outputs.ts";

const AGENT = { AGENT_USERNAME: "agent", AGENT_PASSWORD: "Correct-Horse-1" };

describe.runIf(offlineTerraform && installed("operations on an emulator of AWS", MOTO))(
  "an environment of the stack's own outputs, on an emulator of AWS with a real MCP server and a real PostgreSQL",
  () => {
    let moto: Moto;
    let aws: AwsServer;
    let ecs: Cluster;
    let restore: () => void;
    let database: ChatDatabase;
    let backend: ChatBackend;
    let mcp: TestService;
    let site: Server;
    let outputs: Outputs;
    /** Answers of Synapse, Hasura and the load balancer behind the public name, by path. */
    let pages: Record<string, { status: number; body?: object; location?: string }>;
    let intact: typeof pages;
    const clients = () => ({
      cloudwatch: new CloudWatchClient({ region: "us-east-1" }),
      cognito: new CognitoIdentityProviderClient({ region: "us-east-1" }),
      elb: new ElasticLoadBalancingV2Client({ region: "us-east-1" }),
      logs: new CloudWatchLogsClient({ region: "us-east-1" }),
      rds: new RDSClient({ region: "us-east-1" }),
      secrets: new SecretsManagerClient({ region: "us-east-1" }),
      s3: new S3Client({ region: "us-east-1" }),
    });

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
      site = createServer((request, response) => {
        const page = pages[(request.url ?? "").replace(/\?.*$/, "")] ?? { status: 503 };
        response.writeHead(page.status, page.location ? { location: page.location } : {});
        response.end(page.body ? JSON.stringify(page.body) : "");
      });
      await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
      const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
      outputs = {
        ...stack,
        ...(await loadBalancer(stack)),
        sign_in: { ...stack.sign_in, ...signIn },
        secret_arns: { clients: signIn.clientsSecretArn },
        database: await rds(),
        dns_record: { ...stack.dns_record, name: "localhost" },
        urls: {
          homeserver: origin,
          admin_ui: `${origin}/chat-admin/`,
          graphql: `${origin}/api/graphql`,
          mcp: String(mcp.mcp),
          mcp_health: `${mcp.mcp}/health`,
        },
      };
      intact = sitePages(outputs);
      await clients().s3.send(new CreateBucketCommand({ Bucket: development.state.bucket }));
      const { bucket: Bucket, key: Key } = development.state;
      await clients().s3.send(new PutObjectCommand({ Bucket, Key, Body: stateOf(outputs) }));
    });
    afterAll(async () => {
      restore?.();
      site?.close();
      await mcp?.stop();
      await database?.stop();
      await aws?.stop();
      await moto?.stop();
    });
    beforeEach(() => {
      pages = { ...intact };
      ecs = cluster(outputs);
      ecs.run = inPostgres;
      for (const name of Object.keys(aws.answers)) delete aws.answers[name];
      const { GetLogEvents, ...others } = ecs.answers;
      Object.assign(aws.answers, others, { GetLogEvents });
    });

    /** The outputs that Terraform writes for development. */
    async function stackOutputs(): Promise<Outputs> {
      const synth = synthesised(development);
      const file = path.join(synth.out, "state.json");
      const { code, output } = await check(synth, "--state", file);
      expect(code, output).toBe(0);
      const { outputs } = z
        .object({ values: z.object({ outputs: z.record(z.string(), z.object({ value: z.unknown() })) }) })
        .parse(JSON.parse(readFileSync(file, "utf8"))).values;
      return parseOutputs(JSON.stringify(outputs), "development", file);
    }

    /** Runs the migration task's command, or the one that is given in its place, as the stock image would. */
    function inPostgres({ family, command }: StartedTask): Promise<TaskOutcome> | TaskOutcome {
      if (family !== "phenom-dev-chat-migration") return { exitCode: 0 };
      const [program = "sh", ...args] = command ?? migrationContainer().command;
      const env = {
        PATH: process.env.PATH,
        ...libpqEnvironment(database.connection, database.server.caFile),
        PGSSLMODE: "require",
        PGSSLROOTCERT: "",
        USER_PROVISIONER_PASSWORD: "not-a-real-one",
      };
      return new Promise((resolve) =>
        execFile(program, args, { env }, (error, stdout, stderr) =>
          resolve({ exitCode: Number(error?.code ?? 0), lines: (stdout + stderr).trim().split("\n") }),
        ),
      );
    }

    async function userPool({ sign_in }: Outputs) {
      const { cognito, secrets } = clients();
      const pool = await cognito.send(new CreateUserPoolCommand({ PoolName: "phenom" }));
      const UserPoolId = String(pool.UserPool?.Id);
      const app = await cognito.send(
        new CreateUserPoolClientCommand({
          UserPoolId,
          ClientName: "phenom-dev-chat-agent",
          GenerateSecret: true,
          ExplicitAuthFlows: ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        }),
      );
      for (const GroupName of ["agent", "support", "admin", "partners"])
        await cognito.send(new CreateGroupCommand({ UserPoolId, GroupName }));
      const user = { UserPoolId, Username: AGENT.AGENT_USERNAME };
      await cognito.send(new AdminCreateUserCommand({ ...user, MessageAction: "SUPPRESS" }));
      await cognito.send(
        new AdminSetUserPasswordCommand({ ...user, Password: AGENT.AGENT_PASSWORD, Permanent: true }),
      );
      await cognito.send(new AdminAddUserToGroupCommand({ ...user, GroupName: "admin" }));
      const clientId = String(app.UserPoolClient?.ClientId);
      const secret = async (Name: string, value: object) =>
        String(
          (await secrets.send(new CreateSecretCommand({ Name, SecretString: JSON.stringify(value) }))).ARN,
        );
      return {
        user_pool_id: UserPoolId,
        domain: sign_in.domain,
        clientId,
        clientsSecretArn: await secret("phenom-dev-development-chat-clients", {
          agent_client_id: clientId,
          agent_client_secret: app.UserPoolClient?.ClientSecret,
        }),
        agent_secret_arn: await secret("phenom-dev-chat-agent", AGENT),
      };
    }

    /** Target groups with a healthy target each, and the rules as the stack wants them. */
    async function loadBalancer({ services, listener_rules }: Outputs) {
      const { elb } = clients();
      const { subnets, vpc } = await defaultNetwork(moto);
      const balancer = await elb.send(
        new CreateLoadBalancerCommand({ Name: "phenom-dev-alb", Subnets: subnets }),
      );
      const groups = new Map<string, string>();
      for (const { target_group = "" } of Object.values(services)) {
        const Name = target_group.split("/")[1] ?? "";
        const created = await elb.send(
          new CreateTargetGroupCommand({ Name, TargetType: "ip", Protocol: "HTTP", Port: 80, VpcId: vpc }),
        );
        const arn = String(created.TargetGroups?.[0]?.TargetGroupArn);
        groups.set(target_group, arn);
        await elb.send(
          new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: [{ Id: "10.0.1.23", Port: 80 }] }),
        );
      }
      const listener = await elb.send(
        new CreateListenerCommand({
          LoadBalancerArn: balancer.LoadBalancers?.[0]?.LoadBalancerArn,
          Protocol: "HTTP",
          Port: 80,
          DefaultActions: [{ Type: "fixed-response", FixedResponseConfig: { StatusCode: "404" } }],
        }),
      );
      const rules: Outputs["listener_rules"] = {};
      for (const [name, rule] of Object.entries(listener_rules)) {
        const target_group = rule.target_group && groups.get(rule.target_group);
        const created = await elb.send(
          new CreateRuleCommand({
            ListenerArn: listener.Listeners?.[0]?.ListenerArn,
            Priority: rule.priority,
            Conditions: [
              { Field: "host-header", HostHeaderConfig: { Values: [rule.host] } },
              { Field: "path-pattern", PathPatternConfig: { Values: rule.paths } },
            ],
            Actions: rule.actions.map((type, index) => action(type, index + 1, target_group)),
          }),
        );
        const arn = String(created.Rules?.[0]?.RuleArn);
        rules[name] = { ...rule, arn, ...(target_group && { target_group }) };
      }
      return {
        listener_rules: rules,
        services: Object.fromEntries(
          Object.entries(services).map(([part, service]) => [
            part,
            { ...service, target_group: groups.get(service.target_group ?? "") ?? "" },
          ]),
        ),
      };
    }

    async function rds() {
      const { DBInstance } = await clients().rds.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier: "phenom-dev-db",
          DBInstanceClass: "db.t4g.micro",
          Engine: "postgres",
          AllocatedStorage: 20,
          MasterUsername: "phenom",
          MasterUserPassword: "not-a-real-one",
          BackupRetentionPeriod: 7,
        }),
      );
      return {
        identifier: "phenom-dev-db",
        host: String(DBInstance?.Endpoint?.Address),
        port: 5432,
      };
    }

    const states = (result: Result) =>
      z
        .array(z.object({ check: z.string(), what: z.string(), state: z.string(), found: z.string() }))
        .parse(result.json()["checks"]);
    const failures = async (...options: string[]) => {
      const result = await ops(["verify", "development", "--json", ...options]);
      const failed = states(result).filter(({ state }) => state === "failed");
      expect(result.exitCode, result.stdout).toBe(failed.length ? 1 : 0);
      return failed.map(({ what, found }) => `${what}: ${found}`);
    };

    describe("verify", () => {
      it("passes where everything runs as it was applied", async () => {
        const result = await ops(["verify", "development", "--json"]);
        expect(
          states(result).filter(({ state }) => state !== "passed"),
          result.stderr,
        ).toEqual([
          {
            check: "dns",
            what: "record localhost",
            state: "left out",
            found: "not compared: CLOUDFLARE_API_TOKEN is not set",
          },
        ]);
        expect(result.exitCode).toBe(0);
        expect([...new Set(states(result).map(({ check }) => check))]).toEqual([
          "services",
          "load-balancer",
          "dns",
          "endpoints",
          "sign-in",
          "tools",
          "backups",
          "schema",
        ]);
        expect(states(result)).toContainEqual(
          expect.objectContaining({ what: "MCP tools", found: "9 of 9 listed, as for the group admin" }),
        );
        expect(states(result)).toContainEqual(
          expect.objectContaining({ what: "database schema", found: Object.keys(outputs.migrations).at(-1) }),
        );
        expect(states(result)).toContainEqual(
          expect.objectContaining({ what: `${outputs.urls.mcp}/version`, found: `version ${version}` }),
        );
      });

      it("prints a table for people", async () => {
        const { stdout } = await ops(["verify", "development", "--only", "backups"]);
        expect(stdout).toMatch(
          /^passed {2}RDS backups {2}phenom-dev-db: 7 days.*\n1 passed, 0 failed, 0 left out\n$/,
        );
      });

      it("finds a service that runs another task definition, and another image", async () => {
        const arn = "arn:aws:ecs:us-east-1:123456789012:task-definition/phenom-dev-chat-mcp:9";
        ecs.define(arn, "phenom-dev-chat-mcp", "applepublicdotcom/phenom-chat-mcp:other");
        ecs.apply("phenom-dev-chat-mcp", arn);
        expect(await failures("--only", "services")).toEqual([
          "phenom-dev-chat-mcp: runs phenom-dev-chat-mcp:9, expected is phenom-dev-chat-mcp:1",
          "phenom-dev-chat-mcp image: runs applepublicdotcom/phenom-chat-mcp:other, expected is applepublicdotcom/phenom-chat-mcp:testing",
        ]);
      });

      it("finds a service that is not settled, and one that is gone", async () => {
        const synapse = ecs.services.get("phenom-dev-synapse");
        ecs.services.set("phenom-dev-synapse", { ...synapse, runningCount: 0 });
        ecs.services.delete("phenom-dev-synapse-admin");
        expect(await failures("--only", "services")).toEqual([
          "phenom-dev-synapse: 0 of 1 tasks run",
          "phenom-dev-synapse image: no task runs",
          "phenom-dev-synapse-admin: is not there",
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
        delete pages["/_matrix/client/versions"];
        pages["/_matrix/client/v3/login"] = { status: 200, body: { flows: [{ type: "m.login.password" }] } };
        pages[SSO] = {
          status: 302,
          location: "https://phenom-dev.auth.us-east-1.amazoncognito.com/oauth2/authorize?client_id=other",
        };
        const origin = outputs.urls.homeserver;
        expect(await failures("--only", "endpoints", "--only", "sign-in")).toEqual(
          [
            `${origin}/_matrix/client/versions: HTTP 503:`,
            `${origin}/_matrix/client/v3/login: HTTP 200 without m.login.sso`,
            `sign-in through Cognito: Synapse asks as client other, not ${outputs.cognito_client_ids.synapse}`,
          ].map((line) => expect.stringContaining(line)),
        );
      });

      it("finds admin paths that let everyone in", async () => {
        pages["/_synapse/admin/v1/server_version"] = { status: 200, body: { server_version: "1" } };
        expect(await failures("--only", "endpoints")).toEqual([
          `${outputs.urls.homeserver}/_synapse/admin/v1/server_version: HTTP 200`,
        ]);
      });

      it("finds an agent that may not sign in, and shows no secret", async () => {
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

      it("expects of the tools those that the agent's group may call", async () => {
        const { cognito } = clients();
        const user = { UserPoolId: outputs.sign_in.user_pool_id, Username: AGENT.AGENT_USERNAME };
        await cognito.send(new AdminRemoveUserFromGroupCommand({ ...user, GroupName: "admin" }));
        expect(await failures("--only", "tools")).toEqual([
          "MCP tools: the agent's account is in no group that opens tools",
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

      it("finds a migration that is missing, and one that was applied in another form", async () => {
        const [name = "", checksum = ""] = Object.entries(outputs.migrations).at(-1) ?? [];
        await database.sql("update chat_schema_migrations set checksum = 'other' where name = $1", [name]);
        expect(await failures("--only", "schema")).toEqual([
          `database schema: applied in another form: ${name}`,
        ]);
        await database.sql("update chat_schema_migrations set checksum = $2, name = 'zzz' where name = $1", [
          name,
          checksum,
        ]);
        expect(await failures("--only", "schema")).toEqual([`database schema: missing: ${name}`]);
        await database.sql("update chat_schema_migrations set name = $1 where name = 'zzz'", [name]);
        expect(await failures("--only", "schema")).toEqual([]);
      });

      it("looks again for as long as it may where something is not yet as it should be", async () => {
        let looks = 0;
        const page = intact["/_matrix/client/versions"] ?? { status: 200 };
        Object.defineProperty(pages, "/_matrix/client/versions", {
          get: () => (++looks < 3 ? { status: 502 } : page),
        });
        expect(await failures("--only", "endpoints", "--wait", "1")).toEqual([]);
        expect(looks).toBe(3);
      });

      it("names the checks where one is unknown", async () => {
        expect(await ops(["verify", "development", "--only", "weather"])).toMatchObject({
          exitCode: 2,
          stderr: expect.stringContaining("there is no check weather: there are services, load-balancer"),
        });
      });
    });

    describe("migrate", () => {
      it("brings a real database up to date, with the very command of the task", async () => {
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

      it("goes to the revision before, and verifies that it runs there", async () => {
        const result = await ops(["rollback", "development", "mcp", "--json", "--skip", "schema"]);
        expect(result.exitCode, result.stdout).toBe(0);
        expect(ecs.services.get("phenom-dev-chat-mcp")?.taskDefinition).toBe(arn(2));
        expect(states(result)).toContainEqual(
          expect.objectContaining({
            what: "phenom-dev-chat-mcp image",
            found: "applepublicdotcom/phenom-chat-mcp:2",
          }),
        );
      });

      it("passes over revisions that are no longer registered", async () => {
        const gone = ecs.definitions.get(arn(2));
        ecs.definitions.set(arn(2), { ...gone, status: "INACTIVE" });
        await ops(["rollback", "development", "mcp", "--skip", "schema"]);
        expect(ecs.services.get("phenom-dev-chat-mcp")?.taskDefinition).toBe(arn(1));
      });

      it("goes to the revision that is named", async () => {
        await ops(["rollback", "development", "mcp", "--to", "1", "--skip", "schema"]);
        expect(ecs.services.get("phenom-dev-chat-mcp")?.taskDefinition).toBe(arn(1));
      });

      it("fails where the revision before does not settle", async () => {
        ecs.deploy = () => "fails";
        expect(await ops(["rollback", "development", "mcp"])).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("phenom-dev-chat-mcp did not settle on phenom-dev-chat-mcp:2"),
        });
      });

      it("says so where there is no revision before", async () => {
        expect(await ops(["rollback", "development", "synapse"])).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("no task definition before phenom-dev-synapse:1 is registered"),
        });
      });
    });

    describe("status", () => {
      it("shows what runs, and fails while an alarm is on", async () => {
        const { cloudwatch } = clients();
        const calm = await ops(["status", "development"]);
        expect(calm.exitCode, calm.stderr).toBe(0);
        expect(calm.stdout).toMatch(
          /^mcp +1\/1 +settled +phenom-dev-chat-mcp:1 +applepublicdotcom\/phenom-chat-mcp:testing +1\/1$/m,
        );
        const alarm = { AlarmName: "phenom-dev-chat-mcp-cpu" };
        await cloudwatch.send(
          new PutMetricAlarmCommand({
            ...alarm,
            MetricName: "CPUUtilization",
            Namespace: "AWS/ECS",
            Period: 300,
            EvaluationPeriods: 2,
            Threshold: 80,
            Statistic: "Average",
            ComparisonOperator: "GreaterThanThreshold",
          }),
        );
        await cloudwatch.send(
          new SetAlarmStateCommand({ ...alarm, StateValue: "ALARM", StateReason: "CPU 93" }),
        );
        const alarmed = await ops(["status", "development"]);
        expect([alarmed.exitCode, alarmed.stdout]).toEqual([
          1,
          expect.stringContaining("ALARM phenom-dev-chat-mcp-cpu: CPU 93"),
        ]);
      });
    });

    describe("logs", () => {
      beforeAll(async () => {
        const { logs } = clients();
        const write = async (logGroupName: string, lines: readonly [number, string][]) => {
          await logs.send(new CreateLogGroupCommand({ logGroupName }));
          await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName: "task/1" }));
          await logs.send(
            new PutLogEventsCommand({
              logGroupName,
              logStreamName: "task/1",
              logEvents: lines.map(([minutes, message]) => ({
                timestamp: Date.now() - minutes * 60_000,
                message,
              })),
            }),
          );
        };
        await write("/ecs/phenom-dev-synapse", [
          [100, "old"],
          [3, "synapse first"],
          [1, "synapse ERROR last"],
        ]);
        await write("/ecs/phenom-dev-chat-mcp", [[2, "mcp between"]]);
        await write("/ecs/phenom-dev-synapse-admin", []).catch(() => undefined);
      });
      const clock = () => testClock(Date.now());
      const messages = (stdout: string) =>
        stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line))
          .map(({ part, message }: { part: string; message: string }) => [part, message]);

      it("shows several parts in the order of time, as far back as is asked", async () => {
        const { stdout, exitCode } = await ops(
          ["logs", "development", "synapse", "mcp", "--since", "15m", "--json"],
          { clock: clock() },
        );
        expect(exitCode).toBe(0);
        expect(messages(stdout)).toEqual([
          ["synapse", "synapse first"],
          ["mcp", "mcp between"],
          ["synapse", "synapse ERROR last"],
        ]);
      });

      it("filters", async () => {
        const { stdout } = await ops(["logs", "development", "synapse", "--filter", "ERROR", "--json"], {
          clock: clock(),
        });
        expect(messages(stdout)).toEqual([["synapse", "synapse ERROR last"]]);
      });

      it("follows: shows each new line once", async () => {
        const { logs } = clients();
        const time = clock();
        let sleeps = 0;
        const following = {
          now: time.now,
          sleep: async () => {
            if (++sleeps > 2) throw new Error("Ctrl-C");
            await logs.send(
              new PutLogEventsCommand({
                logGroupName: "/ecs/phenom-dev-chat-mcp",
                logStreamName: "task/1",
                logEvents: [{ timestamp: Date.now(), message: `new ${sleeps}` }],
              }),
            );
          },
        };
        const { stdout } = await ops(["logs", "development", "mcp", "--follow", "--json"], {
          clock: following,
        });
        const lines = stdout.trim().split("\n").slice(0, 3).join("\n");
        expect(messages(lines)).toEqual([
          ["mcp", "mcp between"],
          ["mcp", "new 1"],
          ["mcp", "new 2"],
        ]);
      });

      it.each([
        [["lambda"], "there is no part lambda\nParts: "],
        [["mcp", "--since", "yesterday"], "--since yesterday: give a span such as 15m"],
        [["link_preview"], "there is no log group /aws/lambda/phenom-dev-link-preview"],
      ])("%j is explained", async (args, text) => {
        const { exitCode, stderr } = await ops(["logs", "development", ...args]);
        expect(exitCode).not.toBe(0);
        expect(stderr).toContain(text);
      });
    });

    describe("create-user", () => {
      const create = (username: string, ...options: string[]) =>
        ops(["create-user", "development", username, "--email", `${username}@example.org`, ...options]);
      const user = (Username: string) => ({ UserPoolId: outputs.sign_in.user_pool_id, Username });
      const groupsOf = async (username: string) =>
        (await clients().cognito.send(new AdminListGroupsForUserCommand(user(username)))).Groups?.map(
          ({ GroupName }) => GroupName,
        );

      it("makes an account with a verified address, invited by mail, in its groups", async () => {
        const { exitCode, stdout } = await create("ada", "--group", "support", "--group", "partners");
        expect([exitCode, stdout]).toEqual([
          0,
          "ada: made; groups support, partners\n" +
            "After the first sign-in, npm run ops -- bootstrap development joins the Matrix room.\n",
        ]);
        const ada = await clients().cognito.send(new AdminGetUserCommand(user("ada")));
        expect(ada.UserStatus).toBe("FORCE_CHANGE_PASSWORD");
        expect(ada.UserAttributes).toEqual(
          expect.arrayContaining([
            { Name: "email", Value: "ada@example.org" },
            { Name: "email_verified", Value: "true" },
          ]),
        );
        expect(new Set(await groupsOf("ada"))).toEqual(new Set(["support", "partners"]));
      });

      it("keeps an account that is there, and puts it into groups", async () => {
        expect((await create("ada", "--group", "agent")).stdout).toContain("ada: was there");
        expect(await groupsOf("ada")).toContain("agent");
      });

      it("takes a lasting password from standard input, and shows it nowhere", async () => {
        const password = "Correct-Horse-3";
        const terminal = { ...noTerminal, input: () => Promise.resolve(`${password}\n`) };
        const args = ["create-user", "development", "bob", "--email", "bob@example.org", "--password-stdin"];
        const { exitCode, stdout, stderr } = await ops(args, { terminal });
        expect(exitCode, stderr).toBe(0);
        expect(stdout + stderr).not.toContain(password);
        expect((await clients().cognito.send(new AdminGetUserCommand(user("bob")))).UserStatus).toBe(
          "CONFIRMED",
        );
        expect(await ops(args, { terminal })).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("its password was not changed"),
        });
      });

      it("changes nothing where a group is missing", async () => {
        expect(await create("eve", "--group", "admins")).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("has no group admins; nothing was changed"),
        });
        await expect(clients().cognito.send(new AdminGetUserCommand(user("eve")))).rejects.toThrow();
      });

      it("wants an address", async () => {
        expect(await ops(["create-user", "development", "eve"])).toMatchObject({
          exitCode: 2,
          stderr: expect.stringContaining("--email is missing"),
        });
      });
    });
  },
);

const SSO = "/_matrix/client/v3/login/sso/redirect/oidc-cognito";

/** What Synapse, Hasura and the load balancer answer when all is well. */
function sitePages({ cognito_client_ids }: Outputs) {
  const host = "https://phenom-dev.auth.us-east-1.amazoncognito.com";
  return {
    "/_matrix/client/versions": { status: 200, body: { versions: ["v1.1", "v1.12"], unstable_features: {} } },
    "/_matrix/client/v3/login": {
      status: 200,
      body: {
        flows: [
          { type: "m.login.sso", identity_providers: [{ id: "oidc-cognito", name: "Phenom" }] },
          { type: "m.login.token" },
          { type: "m.login.password" },
        ],
      },
    },
    [SSO]: {
      status: 302,
      location: `${host}/oauth2/authorize?response_type=code&client_id=${cognito_client_ids.synapse}`,
    },
    "/_synapse/admin/v1/server_version": { status: 401 },
    "/chat-admin/": { status: 302, location: `${host}/oauth2/authorize?client_id=${"admin"}` },
    "/api/graphql": {
      status: 200,
      body: { errors: [{ message: "x-hasura-admin-secret/x-hasura-access-key required" }] },
    },
  };
}

const action = (type: string, Order: number, TargetGroupArn: string | undefined): Action => {
  switch (type) {
    case "forward":
      return { Type: type, Order, TargetGroupArn };
    case "redirect":
      return { Type: type, Order, RedirectConfig: { Path: "/chat-admin/", StatusCode: "HTTP_301" } };
    case "authenticate-cognito":
      return {
        Type: type,
        Order,
        AuthenticateCognitoConfig: {
          UserPoolArn: "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI",
          UserPoolClientId: "admin",
          UserPoolDomain: "phenom-dev",
        },
      };
    default:
      throw new Error(`no action ${type} in these rules`);
  }
};

/** Moto comes with a default VPC, as an account does. */
async function defaultNetwork(moto: Moto): Promise<{ vpc: string; subnets: string[] }> {
  const response = await fetch(moto.url, {
    method: "POST",
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      authorization:
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260131/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature=0",
    },
    body: "Action=DescribeSubnets&Version=2016-11-15",
  });
  const xml = await response.text();
  const all = (tag: string) =>
    [...xml.matchAll(new RegExp(`<${tag}>([^<]+)</${tag}>`, "g"))].map(([, value = ""]) => value);
  return { vpc: all("vpcId")[0] ?? "", subnets: all("subnetId").slice(0, 2) };
}
