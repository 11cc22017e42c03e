import { describe, expect, it } from "@jest/globals";
import { applied, ops } from "../../test/ops/command.ts";
import { awsHarness } from "../../test/ops/harness.ts";
import { exampleOutputs } from "../../test/ops/outputs.ts";
import { EXIT } from "../cli/problem.ts";

const harness = awsHarness();
const withSync = () =>
  applied(harness.aws, {
    ...exampleOutputs,
    functions: {
      member_sync: {
        name: "phenom-dev-chat-member-sync",
        log_group: "/aws/lambda/phenom-dev-chat-member-sync",
      },
    },
  });
const invocations = () =>
  harness.aws.calls.filter(({ operation }) => operation === "Invoke").map(({ input }) => input);

describe("sync-members", () => {
  it("syncs the groups, then the pool to its last page, and then Matrix", async () => {
    withSync();
    harness.aws.answers["Invoke"] = ({ task, page }) => ({
      added: 2,
      removed: task === "groups" ? 1 : 0,
      failed: 0,
      ...(task === "pool" && page === undefined && { next: "second" }),
    });
    const { exitCode, stdout } = await ops(["sync-members", "development"]);
    expect(exitCode).toBe(EXIT.ok);
    expect(invocations()).toMatchObject([
      { task: "groups" },
      { task: "pool" },
      { task: "pool", page: "second" },
    ]);
    expect(harness.ecs.started).toMatchObject([{ family: "phenom-dev-chat-bootstrap" }]);
    expect(stdout).toBe("Hasura: 6 added, 1 removed, 0 refused\nMatrix: done\n");
  });

  it("says how to go on if it stops in the middle of the pool", async () => {
    withSync();
    harness.aws.answers["Invoke"] = ({ page }) =>
      page === "second" ? { nothing: true } : { added: 0, removed: 0, failed: 0, next: "second" };
    const { exitCode, stderr } = await ops(["sync-members", "development"]);
    expect(exitCode).toBe(EXIT.failed);
    expect(stderr).toContain("sync-members development --page 'second'");
  });

  it("fails if the database refused somebody", async () => {
    withSync();
    harness.aws.answers["Invoke"] = () => ({ added: 0, removed: 0, failed: 1 });
    expect((await ops(["sync-members", "development"])).exitCode).toBe(EXIT.failed);
  });

  it("runs Matrix alone where Hasura Lite is off", async () => {
    const { exitCode } = await ops(["sync-members", "development"]);
    expect(exitCode).toBe(EXIT.ok);
    expect(harness.ecs.started).toMatchObject([{ family: "phenom-dev-chat-bootstrap" }]);
  });
});
