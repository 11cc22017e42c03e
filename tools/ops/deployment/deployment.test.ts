import { createServer, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { development } from "../../../environments/development.ts";
import { noTerminal, testClock } from "../../../test/ops/command.ts";
import { awsHarness } from "../../../test/ops/harness.ts";
import { exampleOutputs } from "../../../test/ops/outputs.ts";
import { listen } from "../../servers/listening.ts";
import { awsClients } from "../aws.ts";
import type { Check } from "../checks/check.ts";
import { rooms } from "../checks/rooms.ts";
import { Context } from "../context.ts";
import { explain } from "../explain.ts";
import type { Problem } from "../problem.ts";
import { Reporter } from "../report.ts";
import { type Applier, Deployment, runningBefore } from "./deployment.ts";
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

/** A stack whose services all get a new task definition; the real Terraform is in deploy.e2e.test.ts. */
function stack(
  options: { first?: boolean; applyFails?: boolean; later?: readonly Change[]; homeserver?: string } = {},
): Applier {
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
  terraform: Applier,
  checks: readonly Check[] = [],
): Promise<{ exitCode: number; problem?: Problem }> {
  const context = new Context({
    environment: development,
    aws: awsClients(development.region),
    report: new Reporter({ out: () => {}, err: () => {} }, false),
    clock: testClock(),
    terminal: noTerminal,
    settings: {
      dryRun: false,
      yes: true,
      outputsFile: undefined,
      patience: { pollSeconds: 5, timeoutMinutes: 10 },
    },
  });
  try {
    const before = await runningBefore(context, terraform);
    const deployment = new Deployment(context, terraform, { file: "agreed", changes }, before);
    return { exitCode: await deployment.run({ checks, waitMinutes: 0 }) };
  } catch (error) {
    const problem = explain(error);
    return { exitCode: problem.exitCode, problem };
  }
}
const running = () =>
  [...harness.ecs.services.values()].map(({ taskDefinition }) => taskDefinition?.split("/").at(-1));

const AS_BEFORE = ["phenom-dev-synapse:7", "phenom-dev-chat-mcp:7"];

describe("a deployment", () => {
  it("runs the database tasks on what was applied for them, then applies the rest, then the metadata", async () => {
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
  ])("ends where %s fails, before any service has changed", async (failing) => {
    harness.ecs.run = ({ family }) => ({ exitCode: family === failing ? 3 : 0 });
    const { exitCode, problem } = await deployed(stack());
    expect(exitCode).toBe(1);
    expect(problem?.message).toBe(`${failing} failed with exit code 3`);
    expect(problem?.remedy).toContain("The services run as before");
    expect(events).toEqual(["apply targets"]);
    expect(running()).toEqual(AS_BEFORE);
  });

  it("ends with 69 where the migration's task does not start, before any service has changed", async () => {
    harness.ecs.run = () => ({ stoppedReason: "CannotPullContainerError: postgres:99: not found" });
    expect((await deployed(stack())).exitCode).toBe(69);
    expect(running()).toEqual(AS_BEFORE);
  });

  it("puts all services back where one does not settle", async () => {
    harness.ecs.deploy = (name, definition) =>
      name.endsWith("mcp") && definition.endsWith(":8") ? "fails" : "settles";
    const { exitCode, problem } = await deployed(stack());
    expect(exitCode).toBe(10);
    expect(problem?.message).toMatch(
      /phenom-dev-chat-mcp did not settle on phenom-dev-chat-mcp:8: ECS rolled it back.*\nrolled back: the services run phenom-dev-synapse:7, phenom-dev-chat-mcp:7/,
    );
    expect(running()).toEqual(AS_BEFORE);
  });

  it("puts services back where one never settles", async () => {
    harness.ecs.deploy = (_, definition) => (definition.endsWith(":8") ? "hangs" : "settles");
    expect((await deployed(stack())).exitCode).toBe(10);
    expect(running()).toEqual(AS_BEFORE);
  });

  it("puts back what Terraform had changed when it failed", async () => {
    const { exitCode, problem } = await deployed(stack({ applyFails: true }));
    expect(exitCode).toBe(10);
    expect(problem?.message).toContain("Terraform lost its connection");
    expect(running()).toEqual(AS_BEFORE);
  });

  it("puts services back where the metadata fails", async () => {
    harness.ecs.run = ({ family }) => ({ exitCode: family.endsWith("metadata") ? 1 : 0 });
    expect((await deployed(stack())).exitCode).toBe(10);
    expect(running()).toEqual(AS_BEFORE);
  });

  it("ends with 11 where the way back fails too", async () => {
    harness.ecs.deploy = (_, definition) => (definition.endsWith(":8") ? "hangs" : "fails");
    const { exitCode, problem } = await deployed(stack());
    expect(exitCode).toBe(11);
    expect(problem?.message).toContain("and the way back failed: ");
    expect(problem?.remedy).toContain("npm run ops -- rollback development <service> --to <revision>");
  });

  it("applies no change that came up since it was agreed on, and leaves the services as they are", async () => {
    const later: Change[] = [{ address: "aws_efs_file_system.chat_synapse_media", action: "delete" }];
    const { exitCode, problem } = await deployed(stack({ later }));
    expect(exitCode).toBe(10);
    expect(problem?.message).toContain("it would also:\n  delete aws_efs_file_system.chat_synapse_media");
    expect(events).not.toContain("apply rest");
    expect(running()).toEqual(AS_BEFORE);
  });

  it("refuses another account before it touches anything", async () => {
    harness.aws.account = "999999999999";
    expect((await deployed(stack())).exitCode).toBe(77);
    expect(events).toEqual([]);
  });
});

describe("a deployment after one that ended before the rooms were made", () => {
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
    ["makes them where Synapse does not know them", 404, true, 0],
    ["leaves them alone where it does", 200, false, 0],
    ["leaves them alone where it can't tell", 502, false, 10],
  ])("%s", async (_, before, bootstraps, exitCode) => {
    status = before;
    expect(await deployed(stack({ homeserver }), [rooms])).toMatchObject({ exitCode });
    expect(events.includes("phenom-dev-chat-bootstrap")).toBe(bootstraps);
  });

  it("does not ask where that check is left out", async () => {
    status = 404;
    expect(await deployed(stack({ homeserver }))).toEqual({ exitCode: 0 });
    expect(events).not.toContain("phenom-dev-chat-bootstrap");
  });
});

describe("the first deployment", () => {
  beforeEach(() => {
    harness.ecs.services.clear();
  });

  it("makes bots and rooms once Synapse runs", async () => {
    expect(await deployed(stack({ first: true }))).toEqual({ exitCode: 0 });
    expect(events.slice(-3)).toEqual([
      "apply rest",
      "phenom-dev-chat-bootstrap",
      "phenom-dev-chat-hasura-metadata",
    ]);
  });

  it("has nothing to go back to: it keeps what it made, and says what failed", async () => {
    harness.ecs.run = ({ family }) => ({ exitCode: family.endsWith("metadata") ? 1 : 0 });
    const { exitCode, problem } = await deployed(stack({ first: true }));
    expect([exitCode, problem?.message]).toEqual([
      1,
      "phenom-dev-chat-hasura-metadata failed with exit code 1",
    ]);
    expect(running()).toEqual(["phenom-dev-synapse:8", "phenom-dev-chat-mcp:8"]);
  });
});
