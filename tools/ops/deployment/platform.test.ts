import { beforeEach, describe, expect, it } from "@jest/globals";
import { testContext } from "../../../test/ops/context.ts";
import { awsHarness } from "../../../test/ops/harness.ts";
import type { Change } from "./plan.ts";
import { PlatformDeployment } from "./platform.ts";

const harness = awsHarness();
const secret = { AGENT_USERNAME: "phenom-agent", AGENT_PASSWORD: "p".repeat(40) };
let status: string;
let stored: string;
let applied = 0;
beforeEach(() => {
  [status, stored, applied] = ["FORCE_CHANGE_PASSWORD", JSON.stringify(secret), 0];
  Object.assign(harness.aws.answers, {
    GetSecretValue: () => ({ SecretString: stored }),
    AdminGetUser: () => ({ Username: "phenom-agent", UserStatus: status }),
    AdminSetUserPassword: () => {
      status = "CONFIRMED";
      return {};
    },
  });
});

function deployment(changes: readonly Change[], { dryRun = false } = {}) {
  const context = testContext({ dryRun });
  return new PlatformDeployment(context, {
    plan: async () => ({ file: "plan", changes }),
    apply: async () => {
      applied++;
    },
    outputs: async () =>
      JSON.stringify({
        cognito_user_pool_id: { value: "us-east-1_AbCdEfGhI" },
        agent_secret_arn: {
          value: "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-dev-chat-agent-AbCdEf",
        },
      }),
  });
}
const calls = (operation: string) => harness.aws.calls.filter((call) => call.operation === operation);
const vpc: Change = { address: "aws_vpc.network", action: "create" };

describe("the platform's first pass", () => {
  it("applies everything and gives the agent's account the password of its secret", async () => {
    expect(await deployment([vpc]).first()).toBe(true);
    expect(applied).toBe(1);
    expect(calls("AdminSetUserPassword").map(({ input }) => input)).toEqual([
      {
        UserPoolId: "us-east-1_AbCdEfGhI",
        Username: "phenom-agent",
        Password: secret.AGENT_PASSWORD,
        Permanent: true,
      },
    ]);
  });

  it("leaves a password that was set", async () => {
    status = "CONFIRMED";
    expect(await deployment([]).first()).toBe(true);
    expect(applied).toBe(0);
    expect(calls("AdminSetUserPassword")).toEqual([]);
  });

  it("changes nothing in a dry run", async () => {
    expect(await deployment([vpc], { dryRun: true }).first()).toBe(false);
    expect([applied, harness.aws.calls.length]).toEqual([0, 0]);
  });

  it("names a secret that is no account's, and shows nothing of it", async () => {
    stored = '{"AGENT_USERNAME":"phenom-agent","PASSWORD":"hidden"}';
    const failed = deployment([]).first();
    await expect(failed).rejects.toThrow(
      /phenom-dev-chat-agent-AbCdEf lacks AGENT_USERNAME or AGENT_PASSWORD/,
    );
    await expect(failed).rejects.not.toThrow(/hidden/);
  });
});

describe("the platform's second pass", () => {
  it("attaches the triggers and gives Hasura the event secret", async () => {
    await deployment([
      { address: "aws_cognito_user_pool.user_pool", action: "update" },
      { address: "aws_ecs_task_definition.hasura_service_task", action: "replace" },
    ]).second();
    expect(applied).toBe(1);
  });

  it("applies nothing if there is nothing to do", async () => {
    await deployment([]).second();
    expect(applied).toBe(0);
  });

  it.each<Change>([
    { address: "aws_db_instance.database", action: "replace" },
    { address: "aws_cognito_user_pool.user_pool", action: "delete" },
  ])("refuses to $action $address", async (change) => {
    await expect(deployment([change]).second()).rejects.toThrow(
      `the platform's second pass would also:\n  ${change.action} ${change.address}`,
    );
    expect(applied).toBe(0);
  });
});
