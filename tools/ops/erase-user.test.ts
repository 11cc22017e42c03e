import { beforeEach, describe, expect, it } from "@jest/globals";
import { applied, ops } from "../../test/ops/command.ts";
import { awsHarness } from "../../test/ops/harness.ts";
import { exampleOutputs } from "../../test/ops/outputs.ts";
import { EXIT } from "../cli/problem.ts";
import { AwsFault } from "../servers/aws-api.ts";

const harness = awsHarness();
const sub = "6b0a6f0e-9c2f-4b52-8c0f-0d5c0f9d3a11";
const account = "@ann:chat.example.org";

beforeEach(() => {
  applied(harness.aws, {
    ...exampleOutputs,
    functions: { synapse_members: { name: "phenom-dev-chat-synapse-members", log_group: "/aws/lambda/x" } },
  });
  harness.aws.answers["AdminGetUser"] = () => ({
    Username: "ann",
    UserAttributes: [{ Name: "sub", Value: sub }],
  });
  harness.aws.answers["AdminDeleteUser"] = () => ({});
  harness.aws.answers["Invoke"] = () => ({ account, media: 2, failed: 0, isComplete: true });
  harness.ecs.run = () => ({ exitCode: 0, lines: ['{"messages":3,"memberships":2,"bans":1}'] });
});
const changes = () =>
  harness.aws.calls
    .map(({ operation }) => operation)
    .filter((operation) => ["AdminDeleteUser", "RunTask", "Invoke"].includes(operation));

describe("erase-user", () => {
  it("erases a person from both implementations, and reports what was done", async () => {
    const { exitCode, stdout } = await ops(["erase-user", "development", "ann", "--yes"]);
    expect(exitCode).toBe(EXIT.ok);
    expect(stdout).toBe(
      [
        "B: 3 messages without an author, 2 memberships and 1 bans removed",
        `A: ${account} deactivated and erased, 2 files deleted`,
        "The account ann is still in the user pool: its next sign-in makes a new member of B. Delete it there, or repeat with --delete-account.\n",
      ].join("\n"),
    );
    expect(harness.ecs.started).toMatchObject([{ family: "phenom-dev-chat-migration" }]);
    expect(harness.ecs.started[0]?.command?.join(" ")).toContain(`chat_erase_user('${sub}', false)`);
  });

  it("deletes the Cognito account before anything else, and messages, if it is asked to", async () => {
    const argv = [
      "erase-user",
      "development",
      "ann",
      "--with-messages",
      "--delete-account",
      "--yes",
      "--json",
    ];
    const { json } = await ops(argv);
    expect(changes()).toEqual(["AdminDeleteUser", "RunTask", "Invoke"]);
    expect(json()).toMatchObject({
      sub,
      accountDeleted: true,
      hasura: { messages: 3 },
      matrix: { media: 2 },
    });
    expect(harness.aws.calls.at(-1)?.input).toMatchObject({ task: "erase", sub, withMessages: true });
  });

  it("goes on until Synapse has done everything", async () => {
    let left = 3;
    harness.aws.answers["Invoke"] = () => ({ account, media: 100, failed: 0, isComplete: --left === 0 });
    const { stdout } = await ops(["erase-user", "development", "ann", "--yes"]);
    expect(stdout).toContain("300 files deleted");
  });

  it("asks in every environment, and changes nothing without an answer", async () => {
    const { exitCode, stderr } = await ops(["erase-user", "development", "ann"]);
    expect(exitCode).toBe(EXIT.usage);
    expect(stderr).toContain("this can't be undone, and there is no terminal to ask for confirmation");
    expect(changes()).toEqual([]);
  });

  it("takes the sub of an account that is gone, and refuses a name that nobody has", async () => {
    harness.aws.answers["AdminGetUser"] = () => {
      throw new AwsFault("UserNotFoundException", "User does not exist.");
    };
    expect((await ops(["erase-user", "development", sub, "--yes"])).exitCode).toBe(EXIT.ok);
    const { exitCode, stderr } = await ops(["erase-user", "development", "nobody'; --", "--yes"]);
    expect(exitCode).toBe(EXIT.usage);
    expect(stderr).toContain("has no user nobody");
  });

  it("says how to go on if an implementation fails", async () => {
    harness.aws.answers["Invoke"] = () => ({ wrong: true });
    harness.ecs.run = () => ({ exitCode: 3, lines: ["ERROR:  permission denied"] });
    const { exitCode, stderr } = await ops(["erase-user", "development", "ann", "--yes"]);
    expect(exitCode).toBe(EXIT.failed);
    expect(stderr).toContain(`npm run ops -- erase-user development ${sub}`);
  });

  it("fails if messages were not redacted", async () => {
    harness.aws.answers["Invoke"] = () => ({ account, media: 0, failed: 2, isComplete: true });
    const { exitCode, stdout } = await ops(["erase-user", "development", "ann", "--with-messages", "--yes"]);
    expect(exitCode).toBe(EXIT.failed);
    expect(stdout).toContain("2 messages not redacted");
  });
});
