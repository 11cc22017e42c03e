import { describe, expect, it } from "@jest/globals";
import { development } from "../../environments/development.ts";
import { production } from "../../environments/production.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { applied, ops } from "../../test/ops/command.ts";
import { awsHarness } from "../../test/ops/harness.ts";
import { exampleOutputs } from "../../test/ops/outputs.ts";
import { EXIT } from "../cli/problem.ts";
import { AwsFault } from "../servers/aws-api.ts";

const harness = awsHarness();

describe("a verb that runs a one-shot task", () => {
  it.each([
    ["migrate", "phenom-dev-chat-migration"],
    ["metadata", "phenom-dev-chat-hasura-metadata"],
    ["db-setup", "phenom-dev-synapse-db-setup"],
    ["bootstrap", "phenom-dev-chat-bootstrap"],
  ])("%s runs %s with the network of the outputs, shows its log and exits with 0", async (verb, family) => {
    harness.ecs.run = () => ({ exitCode: 0, lines: ["first line", "second line"] });
    const { exitCode, stdout, stderr } = await ops([verb, "development"]);
    withMessage(stderr, () => expect(exitCode).toBe(0));
    expect(harness.ecs.started).toEqual([
      { family, definition: expect.stringContaining(`${family}:1`), command: undefined },
    ]);
    expect(harness.aws.calls[0]?.input).toMatchObject({
      cluster: "phenom-dev-cluster",
      launchType: "FARGATE",
      networkConfiguration: {
        awsvpcConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: "DISABLED" },
      },
    });
    expect(stderr.match(/line$/gm)).toEqual(["line", "line"]);
    expect(stderr).toMatch(/first line\n[\s\S]*second line\n/);
    expect(stdout).toBe(`${family}: done\n`);
  });

  it("runs the newest registered revision", async () => {
    harness.ecs.define(
      "arn:aws:ecs:us-east-1:123456789012:task-definition/phenom-dev-chat-migration:2",
      "phenom-dev-chat-migration",
      "postgres:17",
    );
    await ops(["migrate", "development"]);
    expect(harness.ecs.started[0]?.definition).toMatch(/:2$/);
  });

  it("exits with the exit code of the task", async () => {
    harness.ecs.run = () => ({ exitCode: 3, lines: ["ERROR:  relation does not exist"] });
    const result = await ops(["migrate", "development", "--json"]);
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain("| ERROR:  relation does not exist");
    expect(result.json()).toEqual({
      verb: "migrate",
      environment: "development",
      ok: false,
      exitCode: 3,
      task: "phenom-dev-chat-migration",
      taskExitCode: 3,
    });
  });

  it.each([
    [
      "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref docker.io/example/x:9: docker.io/example/x:9: not found",
      "push it, or apply with another tag",
    ],
    [
      "CannotPullContainerError: inspect image has been retried: toomanyrequests: You have reached your pull rate limit",
      "Docker Hub's pull limit",
    ],
    ["CannotPullContainerError: pull access denied: authorization failed", "dockerhub_credentials_arn"],
    ["CannotPullContainerError: dial tcp: i/o timeout", "a route to the internet (NAT)"],
    [
      "ResourceInitializationError: unable to pull secrets or registry auth: AccessDeniedException",
      "the execution role may read it",
    ],
    ["Capacity is unavailable at this time. Please try again later", "repeat the command in a few minutes"],
    ["Something unexpected", "Stopped tasks error messages"],
  ])("says why a task did not start (%s), and what to do", async (stoppedReason, remedy) => {
    harness.ecs.run = () => ({ stoppedReason });
    const result = await ops(["migrate", "development", "--json"]);
    expect(result.exitCode).toBe(69);
    expect(result.json()["error"]).toEqual({
      message: expect.stringContaining(stoppedReason),
      remedy: expect.stringContaining(remedy),
    });
  });

  it("gives the reason of ECS when it starts no task", async () => {
    harness.aws.answers["RunTask"] = () => ({
      tasks: [],
      failures: [{ arn: "arn", reason: "RESOURCE:ENI", detail: "no room" }],
    });
    const { exitCode, stderr } = await ops(["migrate", "development"]);
    expect(exitCode).toBe(69);
    expect(stderr).toContain("RESOURCE:ENI: no room");
  });

  it("says that the task keeps running when the time is over", async () => {
    harness.aws.answers["DescribeTasks"] = () => ({ tasks: [{ lastStatus: "RUNNING" }] });
    const { exitCode, stderr } = await ops(["migrate", "development", "--timeout", "2"]);
    expect(exitCode).toBe(75);
    expect(stderr).toMatch(
      /still runs after 2 minutes\n.*aws ecs stop-task --cluster phenom-dev-cluster --task \w+/,
    );
  });

  it("refuses the task of an implementation that is off", async () => {
    const { migration } = exampleOutputs.one_shot_tasks;
    applied(harness.aws, { ...exampleOutputs, one_shot_tasks: { migration } });
    const { exitCode, stderr } = await ops(["bootstrap", "development"]);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("development has no bootstrap task\nIt has: migration."),
    ]);
  });

  it("only says in a dry run what it would do", async () => {
    const { exitCode, stdout } = await ops(["migrate", "production", "--dry-run"]);
    expect([exitCode, stdout, harness.ecs.started]).toEqual([
      0,
      "would run phenom-prod-chat-migration once in phenom-prod-cluster\n",
      [],
    ]);
  });
});

it("refuses the outputs of another environment, which would skip production's question", async () => {
  const { state, project } = development;
  const other = harness.aws.objects.get(`${production.state.bucket}/${production.state.key}`) ?? "";
  harness.aws.objects.set(`${state.bucket}/${state.key}`, other);
  const { exitCode, stderr } = await ops(["migrate", "development"]);
  expect([exitCode, stderr, harness.ecs.started]).toEqual([
    EXIT.refused,
    expect.stringContaining(`these outputs are not of development: they name phenom-prod-`),
    [],
  ]);
  expect(stderr).toContain(`its names begin with ${project}-`);
  applied(harness.aws, exampleOutputs);
});

describe("production", () => {
  const somebody = (answer: string) => ({
    terminal: { interactive: true, ask: () => Promise.resolve(answer), input: () => Promise.resolve("") },
  });

  it("is not changed when there is no terminal to ask", async () => {
    const { exitCode, stderr } = await ops(["migrate", "production"]);
    expect([exitCode, stderr, harness.ecs.started]).toEqual([2, expect.stringContaining("Add --yes"), []]);
  });

  it("is changed with --yes", async () => {
    expect((await ops(["migrate", "production", "--yes"])).exitCode).toBe(0);
  });

  it("is changed when its name is typed at the terminal, and not for any other answer", async () => {
    expect((await ops(["migrate", "production"], somebody("yes"))).exitCode).toBe(2);
    expect(harness.ecs.started).toEqual([]);
    expect((await ops(["migrate", "production"], somebody("production"))).exitCode).toBe(0);
  });
});

describe("exec", () => {
  it("runs a command in a task of the service's current definition and network, and prints the output", async () => {
    harness.ecs.run = () => ({ exitCode: 4, lines: ["v22.0.0"] });
    const { exitCode, stdout } = await ops(["exec", "development", "mcp", "--", "node", "--version"]);
    expect([exitCode, stdout]).toEqual([4, "v22.0.0\n"]);
    expect(harness.ecs.started).toEqual([
      {
        family: "phenom-dev-chat-mcp",
        definition: exampleOutputs.services["mcp"]?.task_definition,
        command: ["node", "--version"],
      },
    ]);
  });

  it("runs a command in a one-shot task's definition", async () => {
    await ops(["exec", "development", "migration", "--", "psql", "-c", "select 1"]);
    expect(harness.ecs.started[0]).toMatchObject({
      family: "phenom-dev-chat-migration",
      command: ["psql", "-c", "select 1"],
    });
  });

  it("requires a command: the default one would start a second Synapse on the same database", async () => {
    const { exitCode, stderr } = await ops(["exec", "development", "synapse"]);
    expect([exitCode, stderr, harness.ecs.started]).toEqual([
      2,
      expect.stringContaining("missing required argument 'command'"),
      [],
    ]);
  });

  it("refuses an unknown part and names the known ones", async () => {
    const { exitCode, stderr } = await ops(["exec", "development", "mpc", "--", "ls"]);
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining("there is no service mpc\nServices: synapse, mcp"),
    ]);
  });
});

describe("a verb explains", () => {
  it("that the credentials are of another account", async () => {
    harness.aws.account = "999999999999";
    const { exitCode, stderr } = await ops(["migrate", "development"]);
    expect([exitCode, stderr]).toEqual([
      77,
      "these credentials (arn:aws:iam::999999999999:user/operator) are of account 999999999999; development is in account 123456789012\n" +
        "Choose the profile or role of that account: AWS_PROFILE=<profile>, or aws sso login --profile <profile>\n",
    ]);
  });

  it("that there are no credentials", async () => {
    const { AWS_ACCESS_KEY_ID } = process.env;
    Object.assign(process.env, { AWS_SHARED_CREDENTIALS_FILE: "/dev/null", AWS_CONFIG_FILE: "/dev/null" });
    delete process.env["AWS_ACCESS_KEY_ID"];
    const { exitCode, stderr } = await ops(["migrate", "development"]);
    process.env["AWS_ACCESS_KEY_ID"] = AWS_ACCESS_KEY_ID;
    expect([exitCode, stderr]).toEqual([
      77,
      expect.stringMatching(/^no AWS credentials: .*\nSign in \(aws sso login\)/),
    ]);
  });

  it("that the session has expired", async () => {
    harness.aws.answers["RunTask"] = () => {
      throw new AwsFault("ExpiredTokenException", "The security token included in the request is expired");
    };
    expect(await ops(["migrate", "development"])).toMatchObject({
      exitCode: 77,
      stderr: expect.stringContaining("Sign in again"),
    });
  });

  it("that a permission is missing", async () => {
    harness.aws.answers["RunTask"] = () => {
      throw new AwsFault("AccessDeniedException", "User: x is not authorized to perform: ecs:RunTask");
    };
    expect(await ops(["migrate", "development"])).toMatchObject({
      exitCode: 77,
      stderr: expect.stringContaining("ecs:RunTask\ndocs/operations.md lists the permissions"),
    });
  });

  it("that the environment was never applied", async () => {
    harness.aws.objects.clear();
    expect(await ops(["migrate", "development"])).toMatchObject({
      exitCode: 78,
      stderr: expect.stringContaining(
        "there is no Terraform state at s3://phenom-dev-terraform-state/phenom-chat/development.tfstate\nApply it first",
      ),
    });
  });

  it("that the outputs are of another version of the code", async () => {
    const { cluster: _, ...others } = exampleOutputs;
    applied(harness.aws, others);
    expect(await ops(["migrate", "development"])).toMatchObject({
      exitCode: 78,
      stderr: expect.stringContaining("development: the output cluster in s3://"),
    });
  });
});

describe("the command line", () => {
  it.each([
    [[], 2, "npm run ops -- <verb> <environment>"],
    [["--help"], 0, "npm run ops -- <verb> <environment>"],
    [["migrate", "--help"], 0, "bring the chat's database schema up to date"],
    [["migrat", "development"], 2, "unknown command 'migrat'\n(Did you mean migrate?)"],
    [["migrate"], 2, "missing required argument 'environment'"],
    [
      ["migrate", "nowhere"],
      2,
      "value 'nowhere' is invalid for argument 'environment'. Choose from: development, ",
    ],
    [
      ["migrate", "development", "now"],
      2,
      "too many arguments for 'migrate'. Expected 1 argument but got 2.",
    ],
    [["migrate", "development", "--fast"], 2, "unknown option '--fast'"],
    [
      ["migrate", "development", "--timeout", "soon"],
      2,
      "option '--timeout <minutes>' argument 'soon' is invalid. It must be a whole number from 1 to 720.",
    ],
  ])("exits for %j with %d", async (argv, exitCode, text) => {
    const result = await ops(argv);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout + result.stderr).toContain(text);
  });
});
