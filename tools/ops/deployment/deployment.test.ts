import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ImportedResource } from "../../../environments/imports.ts";
import { testContext } from "../../../test/ops/context.ts";
import { awsHarness } from "../../../test/ops/harness.ts";
import { exampleOutputs } from "../../../test/ops/outputs.ts";
import type { Problem } from "../../cli/problem.ts";
import { listen } from "../../servers/listening.ts";
import type { Check } from "../checks/check.ts";
import { rooms } from "../checks/rooms.ts";
import { explain } from "../explain.ts";
import { Deployment, runningBefore, type TerraformCommands } from "./deployment.ts";
import type { Change } from "./plan.ts";

const harness = awsHarness();
let events: string[];
beforeEach(() => {
  events = [];
  harness.ecs.run = ({ family }) => {
    events.push(family);
    return { exitCode: 0 };
  };
});

const next = (arn: string) => arn.replace(/:7$/, ":8");
const after = {
  ...exampleOutputs,
  services: Object.fromEntries(
    Object.entries(exampleOutputs.services).map(([part, service]) => [
      part,
      { ...service, task_definition: next(service.task_definition) },
    ]),
  ),
};
const changes: Change[] = [
  { address: "aws_ecs_service.chat_synapse_homeserver", action: "update" },
  { address: "aws_ecs_task_definition.chat_hasura_lite_migration", action: "replace" },
];
const asOutput = (outputs: object) =>
  JSON.stringify(
    Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, { value, type: "dynamic" }])),
  );

/** A stack whose services all get a new task definition; the real Terraform is in tools/pipeline/walk.e2e.test.ts. */
function stack(
  options: { first?: boolean; applyFails?: boolean; later?: readonly Change[]; homeserver?: string } = {},
): TerraformCommands {
  let outputs: object = options.first ? {} : exampleOutputs;
  return {
    addressesOf: (part) => exampleOutputs.one_shot_tasks[part]?.addresses ?? [],
    outputs: async () => asOutput(outputs),
    plan: async (targets = []) => ({
      file: targets.length ? "targets" : "rest",
      changes: targets.length ? changes.slice(1) : [...changes.slice(0, 1), ...(options.later ?? [])],
    }),
    apply: async ({ file }) => {
      events.push(`apply ${file}`);
      if (file === "targets") {
        const { account_id, one_shot_tasks } = exampleOutputs;
        if (options.first) outputs = { account_id, one_shot_tasks };
        return;
      }
      for (const [part, { name, container, image, task_definition }] of Object.entries(after.services)) {
        harness.ecs.define(task_definition, container, image);
        harness.ecs.apply(name, task_definition);
        if (options.applyFails && part === "synapse") throw new Error("Terraform lost its connection");
      }
      const homeserver = options.homeserver ?? (options.first ? "https://chat.example.org" : undefined);
      outputs = { ...after, urls: { ...after.urls, ...(homeserver && { homeserver }) } };
    },
  };
}

async function deployed(
  terraform: TerraformCommands,
  checks: readonly Check[] = [],
  imports: readonly ImportedResource[] = [],
): Promise<{ exitCode: number; problem?: Problem }> {
  const context = testContext();
  try {
    const before = await runningBefore(context, terraform, imports);
    const deployment = new Deployment(context, terraform, { file: "agreed", changes }, before);
    return { exitCode: await deployment.run({ checks, wait: 0 }) };
  } catch (error) {
    const problem = explain(error);
    return { exitCode: problem.exitCode, problem };
  }
}
const running = () =>
  [...harness.ecs.services.values()].map(({ taskDefinition }) => taskDefinition?.split("/").at(-1));

const AS_BEFORE = ["phenom-dev-synapse:7", "phenom-dev-chat-mcp:7"];

describe("a deployment", () => {
  it("applies and runs the database tasks, then applies the rest, then runs the metadata task", async () => {
    expect(await deployed(stack())).toEqual({ exitCode: 0 });
    expect(events).toEqual([
      "apply targets",
      "phenom-dev-synapse-db-setup",
      "phenom-dev-chat-migration",
      "apply rest",
      "phenom-dev-chat-hasura-metadata",
    ]);
    expect(running()).toEqual(["phenom-dev-synapse:8", "phenom-dev-chat-mcp:8"]);
  });

  it.each([
    "phenom-dev-synapse-db-setup",
    "phenom-dev-chat-migration",
  ])("ends when %s fails, before any service has changed", async (failing) => {
    harness.ecs.run = ({ family }) => ({ exitCode: family === failing ? 3 : 0 });
    const { exitCode, problem } = await deployed(stack());
    expect(exitCode).toBe(1);
    expect(problem?.message).toBe(`${failing} failed with exit code 3`);
    expect(problem?.remedy).toContain("The services run as before");
    expect(events).toEqual(["apply targets"]);
    expect(running()).toEqual(AS_BEFORE);
  });

  it("exits with 69 when the migration task does not start, before any service has changed", async () => {
    harness.ecs.run = () => ({ stoppedReason: "CannotPullContainerError: postgres:99: not found" });
    expect((await deployed(stack())).exitCode).toBe(69);
    expect(running()).toEqual(AS_BEFORE);
  });

  it("rolls all services back when ECS rolls one back", async () => {
    harness.ecs.deploy = (name, definition) =>
      name.endsWith("mcp") && definition.endsWith(":8") ? "fails" : "succeeds";
    const { exitCode, problem } = await deployed(stack());
    expect(exitCode).toBe(10);
    expect(problem?.message).toMatch(
      /phenom-dev-chat-mcp did not become stable on phenom-dev-chat-mcp:8: ECS rolled it back.*\nrolled back: the services run phenom-dev-synapse:7, phenom-dev-chat-mcp:7/,
    );
    expect(running()).toEqual(AS_BEFORE);
  });

  it("rolls all services back when one never becomes stable", async () => {
    harness.ecs.deploy = (_, definition) => (definition.endsWith(":8") ? "hangs" : "succeeds");
    expect((await deployed(stack())).exitCode).toBe(10);
    expect(running()).toEqual(AS_BEFORE);
  });

  it("rolls back the services that Terraform had changed when it failed", async () => {
    const { exitCode, problem } = await deployed(stack({ applyFails: true }));
    expect(exitCode).toBe(10);
    expect(problem?.message).toContain("Terraform lost its connection");
    expect(running()).toEqual(AS_BEFORE);
  });

  it("rolls the services back when the metadata task fails", async () => {
    harness.ecs.run = ({ family }) => ({ exitCode: family.endsWith("metadata") ? 1 : 0 });
    expect((await deployed(stack())).exitCode).toBe(10);
    expect(running()).toEqual(AS_BEFORE);
  });

  it("exits with 11 when the rollback fails too", async () => {
    harness.ecs.deploy = (_, definition) => (definition.endsWith(":8") ? "hangs" : "fails");
    const { exitCode, problem } = await deployed(stack());
    expect(exitCode).toBe(11);
    expect(problem?.message).toContain("and the rollback failed: ");
    expect(problem?.remedy).toContain("npm run ops -- rollback development <service> --to <revision>");
  });

  it("applies no change that was not confirmed, and leaves the services as they are", async () => {
    const later: Change[] = [{ address: "aws_efs_file_system.chat_synapse_media", action: "delete" }];
    const { exitCode, problem } = await deployed(stack({ later }));
    expect(exitCode).toBe(10);
    expect(problem?.message).toContain("it would also:\n  delete aws_efs_file_system.chat_synapse_media");
    expect(events).not.toContain("apply rest");
    expect(running()).toEqual(AS_BEFORE);
  });

  it("refuses credentials of another account before any change", async () => {
    harness.aws.account = "999999999999";
    expect((await deployed(stack())).exitCode).toBe(77);
    expect(events).toEqual([]);
  });
});

describe("a deployment after one that failed before the rooms were created", () => {
  let synapse: Server;
  let status: number;
  let homeserver: string;
  beforeEach(async () => {
    synapse = createServer((request, response) => {
      expect(request.url).toBe("/_matrix/client/v3/directory/room/%23community%3Achat-testing.thephenom.app");
      response.writeHead(status).end(status === 200 ? '{"room_id":"!a:b","servers":[]}' : "{}");
    });
    homeserver = `http://127.0.0.1:${await listen(synapse)}`;
    harness.ecs.run = ({ family }) => {
      events.push(family);
      if (family.endsWith("bootstrap")) status = 200;
      return { exitCode: 0 };
    };
  });
  afterEach(() => void synapse?.close());

  it.each([
    ["creates the rooms when Synapse does not have them", 404, true, 0],
    ["creates no rooms when Synapse has them", 200, false, 0],
    ["creates no rooms when Synapse does not say whether it has them", 502, false, 10],
  ])("%s", async (_, before, bootstraps, exitCode) => {
    status = before;
    expect(await deployed(stack({ homeserver }), [rooms])).toMatchObject({ exitCode });
    expect(events.includes("phenom-dev-chat-bootstrap")).toBe(bootstraps);
  });

  it("does not ask Synapse when the check of the rooms is skipped", async () => {
    status = 404;
    expect(await deployed(stack({ homeserver }))).toEqual({ exitCode: 0 });
    expect(events).not.toContain("phenom-dev-chat-bootstrap");
  });
});

describe("the first deployment", () => {
  beforeEach(() => {
    harness.ecs.services.clear();
  });

  it("creates bots and rooms once Synapse runs", async () => {
    expect(await deployed(stack({ first: true }))).toEqual({ exitCode: 0 });
    expect(events.slice(-3)).toEqual([
      "apply rest",
      "phenom-dev-chat-bootstrap",
      "phenom-dev-chat-hasura-metadata",
    ]);
  });

  it("keeps what it created when it fails, because there is nothing to roll back to", async () => {
    harness.ecs.run = ({ family }) => ({ exitCode: family.endsWith("metadata") ? 1 : 0 });
    const { exitCode, problem } = await deployed(stack({ first: true }));
    expect([exitCode, problem?.message]).toEqual([
      1,
      "phenom-dev-chat-hasura-metadata failed with exit code 1",
    ]);
    expect(running()).toEqual(["phenom-dev-synapse:8", "phenom-dev-chat-mcp:8"]);
  });
});

describe("the first deployment of an adopted environment", () => {
  const arn =
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-dev-synapse-homeserver-config-AbCdEf";
  const imports: ImportedResource[] = [
    { to: "aws_ecs_service.chat_synapse_homeserver", id: "phenom-dev-cluster/phenom-dev-synapse" },
    { to: "aws_ecs_service.chat_mcp_server_service", id: "phenom-dev-cluster/phenom-dev-chat-mcp" },
    { to: "aws_secretsmanager_secret.chat_synapse_homeserver_config", id: arn },
  ];
  let current: string;
  beforeEach(() => {
    current = "v1";
    harness.aws.answers["DescribeSecret"] = () => ({
      ARN: arn,
      VersionIdsToStages: { [current]: ["AWSCURRENT"], [current === "v1" ? "v0" : "v1"]: ["AWSPREVIOUS"] },
    });
    harness.aws.answers["UpdateSecretVersionStage"] = (input) => {
      expect(input).toEqual({
        SecretId: arn,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: "v1",
        RemoveFromVersionId: "v2",
      });
      current = String(input["MoveToVersionId"]);
      return { ARN: arn };
    };
    harness.ecs.run = ({ family }) => {
      events.push(family);
      // Terraform has written the new configuration by then.
      if (family.endsWith("bootstrap")) current = "v2";
      return { exitCode: 0 };
    };
  });

  it("creates bots and rooms, although Synapse ran before", async () => {
    expect(await deployed(stack({ first: true }), [], imports)).toEqual({ exitCode: 0 });
    expect(events).toContain("phenom-dev-chat-bootstrap");
    expect(current).toBe("v2");
  });

  it("gives the services that ran before their task definitions and secrets back when it fails", async () => {
    const good = harness.ecs.run;
    harness.ecs.run = (task) => (task.family.endsWith("metadata") ? { exitCode: 1 } : good(task));
    const { exitCode, problem } = await deployed(stack({ first: true }), [], imports);
    expect(exitCode).toBe(10);
    expect(problem?.message).toContain(
      "rolled back: the services run phenom-dev-synapse:7, phenom-dev-chat-mcp:7",
    );
    expect([running(), current]).toEqual([AS_BEFORE, "v1"]);
  });
});
