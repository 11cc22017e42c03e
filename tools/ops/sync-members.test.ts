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
      synapse_members: {
        name: "phenom-dev-chat-synapse-members",
        log_group: "/aws/lambda/phenom-dev-chat-synapse-members",
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
      ...{ changed: 3, skipped: 1, refused: 0 },
      ...(task === "pool" && page === undefined && { next: "second" }),
    });
    const { exitCode, stdout } = await ops(["sync-members", "development"]);
    expect(exitCode).toBe(EXIT.ok);
    expect(invocations()).toMatchObject([
      { task: "groups" },
      { task: "pool" },
      { task: "pool", page: "second" },
      { task: "groups" },
    ]);
    expect(stdout).toBe("Hasura: 6 added, 1 removed, 0 refused\nMatrix: 3 joined or removed, 1 skipped\n");
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
    harness.aws.answers["Invoke"] = () => ({ added: 0, removed: 0, failed: 1, changed: 0, skipped: 0 });
    expect((await ops(["sync-members", "development"])).exitCode).toBe(EXIT.failed);
  });

  it("syncs Matrix alone where Hasura Lite is off", async () => {
    applied(harness.aws, {
      ...exampleOutputs,
      functions: { synapse_members: { name: "phenom-dev-chat-synapse-members", log_group: "/aws/lambda/x" } },
    });
    harness.aws.answers["Invoke"] = () => ({ changed: 0, skipped: 0, refused: 0 });
    const { exitCode, stdout } = await ops(["sync-members", "development"]);
    expect([exitCode, stdout]).toEqual([EXIT.ok, "Matrix: 0 joined or removed, 0 skipped\n"]);
    expect(invocations()).toMatchObject([{ task: "groups" }]);
  });
});
