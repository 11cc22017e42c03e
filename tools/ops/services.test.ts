import { describe, expect, it } from "@jest/globals";
import { ops } from "../../test/ops/command.ts";
import { awsHarness } from "../../test/ops/harness.ts";

const harness = awsHarness();

const updates = () =>
  harness.aws.calls.filter(({ operation }) => operation === "UpdateService").map(({ input }) => input);

describe("restart", () => {
  it("starts new tasks of the services that are named, and waits until they are stable", async () => {
    const { exitCode, stdout } = await ops(["restart", "development", "mcp", "phenom-dev-synapse"]);
    expect([exitCode, stdout]).toEqual([0, "restarted: phenom-dev-chat-mcp, phenom-dev-synapse\n"]);
    expect(updates()).toEqual(
      ["phenom-dev-chat-mcp", "phenom-dev-synapse"].map((service) => ({
        cluster: "phenom-dev-cluster",
        service,
        forceNewDeployment: true,
      })),
    );
  });

  it("restarts only services that are named, or all with --all", async () => {
    expect(await ops(["restart", "development"])).toMatchObject({
      exitCode: 2,
      stderr:
        "no service is named\nName one or more, or --all; npm run ops -- status development lists them\n",
    });
    expect(updates()).toEqual([]);
    await ops(["restart", "development", "--all"]);
    expect(updates()).toHaveLength(2);
  });

  it("fails when ECS rolls the deployment back, and gives the reason and where to look", async () => {
    harness.ecs.deploy = () => "fails";
    const { exitCode, stderr } = await ops(["restart", "development", "mcp"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "phenom-dev-chat-mcp did not become stable on phenom-dev-chat-mcp:7: ECS rolled it back to",
    );
    expect(stderr).toContain("npm run ops -- logs development --since 30m");
  });

  it("exits with 75 when the service never becomes stable", async () => {
    harness.ecs.deploy = () => "hangs";
    const { exitCode, stderr } = await ops(["restart", "development", "mcp", "--timeout", "5"]);
    expect(exitCode).toBe(75);
    expect(stderr).toContain("not stable after 5 minutes: phenom-dev-chat-mcp (0 of 1 tasks run)");
  });
});

describe("scale", () => {
  it("sets the number of tasks, and waits until they run", async () => {
    const { exitCode, stdout } = await ops(["scale", "development", "mcp", "2"]);
    expect([exitCode, stdout]).toEqual([0, "phenom-dev-chat-mcp: 1 → 2 tasks\n"]);
    expect(updates()).toEqual([
      { cluster: "phenom-dev-cluster", service: "phenom-dev-chat-mcp", desiredCount: 2 },
    ]);
  });

  it("says that Terraform will reset a service without autoscaling", async () => {
    expect((await ops(["scale", "development", "synapse", "0"])).stdout).toContain(
      "the next apply sets it back",
    );
  });

  it.each([
    ["mcp", "3", "runs 1 to 2 tasks, and 3 is asked for\nAutoscaling would set it back"],
    ["mcp", "0", "runs 1 to 2 tasks, and 0 is asked for"],
    ["synapse", "2", "runs 0 to 1 tasks, and 2 is asked for\nTwo of its tasks must never run at once"],
    ["mcp", "many", "value 'many' is invalid for argument 'tasks'. It must be a whole number from 0 to 100."],
    ["mcp", "", "missing required argument 'tasks'"],
  ])("refuses %s %s", async (service, count, message) => {
    const { exitCode, stderr } = await ops(["scale", "development", service, ...(count ? [count] : [])]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
    expect(updates()).toEqual([]);
  });
});

describe("the fake of AWS", () => {
  it("rejects an answer that does not fit the SDK's model of the operation", async () => {
    harness.aws.answers["DescribeServices"] = () => ({
      services: [{ serviceName: "phenom-dev-chat-mcp", healthy: true }],
    });
    const { exitCode, stderr } = await ops(["scale", "development", "mcp", "2"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("the SDK's model of DescribeServices reads");
  });
});
