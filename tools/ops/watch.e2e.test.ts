import { PutMetricAlarmCommand, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  AdminGetUserCommand,
  AdminListGroupsForUserCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { describeWith } from "../../test/jest/describe-if.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { clients, userPool } from "../../test/ops/account.ts";
import { applied, credentials, noTerminal, ops, testClock } from "../../test/ops/command.ts";
import { cluster } from "../../test/ops/ecs.ts";
import { exampleOutputs } from "../../test/ops/outputs.ts";
import { targetHealth } from "../../test/ops/target-health.ts";
import { type AwsServer, startAws } from "../servers/aws-api.ts";
import { type Moto, startMoto } from "../servers/moto.ts";
import type { Outputs } from "./outputs.ts";

describeWith("moto")("on an emulator of AWS", () => {
  let moto: Moto;
  let aws: AwsServer;
  let restore: () => void;
  let outputs: Outputs;
  beforeAll(async () => {
    moto = await startMoto();
    aws = await startAws(moto.url);
    restore = credentials(aws);
    const { user_pool_id } = await userPool(exampleOutputs);
    outputs = { ...exampleOutputs, sign_in: { ...exampleOutputs.sign_in, user_pool_id } };
    applied(aws, outputs);
    Object.assign(aws.answers, cluster(outputs).answers);
    aws.xml["DescribeTargetHealth"] = () => targetHealth;
  });
  afterAll(async () => {
    restore?.();
    await aws?.stop();
    await moto?.stop();
  });

  describe("status", () => {
    it("shows what runs, and fails while an alarm is on", async () => {
      const { cloudwatch } = clients();
      const calm = await ops(["status", "development"]);
      withMessage(calm.stderr, () => expect(calm.exitCode).toBe(0));
      expect(calm.stdout).toMatch(
        /^mcp +1\/1 +stable +phenom-dev-chat-mcp:7 +example\/phenom-chat-mcp:1\.2\.3 +1\/1$/m,
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

    it("shows the lines of several parts in the order of time, from --since on", async () => {
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

    it("shows only lines that match --filter", async () => {
      const { stdout } = await ops(["logs", "development", "synapse", "--filter", "ERROR", "--json"], {
        clock: clock(),
      });
      expect(messages(stdout)).toEqual([["synapse", "synapse ERROR last"]]);
    });

    it("shows each new line once with --follow", async () => {
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
      [["mcp", "--since", "yesterday"], "--since yesterday is neither a span nor a time"],
      [["link_preview"], "there is no log group /aws/lambda/phenom-dev-link-preview"],
    ])("explains what is wrong with %j", async (args, text) => {
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

    it("creates an account with a verified address in its groups, and invites by mail", async () => {
      const { exitCode, stdout } = await create("ada", "--group", "support", "--group", "partners");
      expect([exitCode, stdout]).toEqual([
        0,
        "ada: created; groups support, partners\n" +
          "Within four minutes of the first sign-in the account joins its Matrix room.\n",
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

    it("leaves an existing account as it is, and adds it to groups", async () => {
      expect((await create("ada", "--group", "agent")).stdout).toContain("ada: existed already");
      expect(await groupsOf("ada")).toContain("agent");
    });

    it("reads a permanent password from standard input, and shows it nowhere", async () => {
      const password = "Correct-Horse-3";
      const terminal = { ...noTerminal, input: () => Promise.resolve(`${password}\n`) };
      const args = ["create-user", "development", "bob", "--email", "bob@example.org", "--password-stdin"];
      const { exitCode, stdout, stderr } = await ops(args, { terminal });
      withMessage(stderr, () => expect(exitCode).toBe(0));
      expect(stdout + stderr).not.toContain(password);
      expect((await clients().cognito.send(new AdminGetUserCommand(user("bob")))).UserStatus).toBe(
        "CONFIRMED",
      );
      expect(await ops(args, { terminal })).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("its password was not changed"),
      });
    });

    it("changes nothing when a group does not exist", async () => {
      expect(await create("eve", "--group", "admins")).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("has no group admins; nothing was changed"),
      });
      await expect(clients().cognito.send(new AdminGetUserCommand(user("eve")))).rejects.toThrow();
    });

    it("requires an email address", async () => {
      expect(await ops(["create-user", "development", "eve"])).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining("required option '--email <address>' not specified"),
      });
    });
  });
});
