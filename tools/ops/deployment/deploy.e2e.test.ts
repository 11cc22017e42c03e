import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "@jest/globals";
import * as z from "zod";
import { development } from "../../../environments/development.ts";
import { clone } from "../../../test/clone.ts";
import { describeWith } from "../../../test/jest/describe-if.ts";
import { withMessage } from "../../../test/jest/with-message.ts";
import { type Cluster, cluster } from "../../../test/ops/ecs.ts";
import { targetHealth } from "../../../test/ops/target-health.ts";
import { TOOL } from "../../../test/terraform/offline.ts";
import { type AwsServer, startAws } from "../../servers/aws-api.ts";
import { environmentVariables } from "../../terraform/variables.ts";
import { StateStore } from "../../terraform-offline/check/state-store.ts";

const state = z.object({
  resources: z
    .array(
      z.object({
        type: z.string(),
        instances: z.array(z.object({ attributes: z.record(z.string(), z.unknown()) })),
      }),
    )
    .default([]),
});
const definition = z.object({ arn: z.string(), container_definitions: z.string() });
const service = z.object({ name: z.string(), task_definition: z.string() });
const containers = z.array(z.object({ name: z.string(), image: z.string() })).length(1);

/** The example inputs as environment variables, as CI passes them. */
const variables = environmentVariables(
  JSON.parse(readFileSync("environments/development.example.tfvars.json", "utf8")),
);

/** Checks that need the public name or a load balancer of AWS. */
const skipped = [
  "load-balancer",
  "dns",
  "endpoints",
  "rooms",
  "sign-in",
  "tools",
  "backups",
  "hasura",
].flatMap((name) => ["--skip", name]);

interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const describeWithTerraform = describeWith("terraform", "cdktf");

describeWithTerraform("a deployment with the real Terraform to an empty account", () => {
  const checkout = clone("phenom-chat");
  const stack = path.join(checkout, "cdktf.out/stacks/development");
  let store: StateStore;
  let aws: AwsServer;
  let ecs: Cluster;
  /** What happened in ECS, in order. */
  let events: string[];
  let migrations: Record<string, string>;

  /** Copies what Terraform has applied to ECS. */
  const follow = () => {
    const { resources } = state.parse(readState());
    const instances = (type: string) =>
      resources
        .filter((resource) => resource.type === type)
        .flatMap(({ instances }) => instances.map((i) => i.attributes));
    for (const attributes of instances("aws_ecs_task_definition")) {
      const { arn, container_definitions } = definition.parse(attributes);
      const [container] = containers.parse(JSON.parse(container_definitions));
      if (container && !ecs.definitions.has(arn)) ecs.define(arn, container.name, container.image);
    }
    for (const attributes of instances("aws_ecs_service")) {
      const { name, task_definition } = service.parse(attributes);
      if (ecs.applied.get(name) === task_definition) continue;
      events.push(`service ${task_definition.split("/").at(-1)}`);
      ecs.apply(name, task_definition);
    }
  };
  const readState = () => JSON.parse(store.read() ?? "{}");

  beforeAll(async () => {
    aws = await startAws();
    ecs = cluster({ services: {}, one_shot_tasks: {} });
    for (const [name, answer] of Object.entries(ecs.answers))
      aws.answers[name] = (input) => {
        follow();
        return answer(input);
      };
    aws.xml["DescribeTargetHealth"] = () => targetHealth;
    mkdirSync(stack, { recursive: true });
    store = await StateStore.start();
    store.serve(stack);
  });
  afterAll(async () => {
    await aws?.stop();
    await store?.stop();
    rmSync(path.dirname(checkout), { recursive: true, force: true });
  });
  beforeEach(() => {
    events = [];
    ecs.deploy = () => "succeeds";
    ecs.run = ({ definition, command }) => {
      events.push(`task ${definition.split("/").at(-1)}`);
      if (!command) return { exitCode: 0 };
      migrations = z
        .object({ outputs: z.object({ migrations: z.object({ value: z.record(z.string(), z.string()) }) }) })
        .parse(readState()).outputs.migrations.value;
      return {
        exitCode: 0,
        lines: Object.entries(migrations).map(([name, checksum]) => `schema: ${name} ${checksum}`),
      };
    };
  });

  const deploy = (tag: string, ...options: string[]) =>
    execute("deploy", { ...variables, TF_VAR_mcp_image_tag: tag }, options);
  const execute = (verb: string, variables: Record<string, string>, options: readonly string[]) => {
    const command = [
      "npm",
      "run",
      "--silent",
      "ops",
      "--",
      verb,
      "development",
      "--poll",
      "0",
      "--wait",
      "0",
    ];
    return new Promise<Result>((resolve) => {
      execFile(
        process.execPath,
        [TOOL, stack, "exec", "--", ...command, ...skipped, ...options],
        {
          cwd: checkout,
          maxBuffer: 64 * 1024 * 1024,
          env: {
            ...process.env,
            ...variables,
            AWS_ENDPOINT_URL: aws.url,
            AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
            AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            CI: "1",
          },
        },
        (error, stdout, stderr) => resolve({ exitCode: error ? Number(error.code ?? 1) : 0, stdout, stderr }),
      );
    });
  };
  const definitions = () =>
    Object.fromEntries([...ecs.services].map(([name, { taskDefinition }]) => [name, taskDefinition]));

  it("creates Synapse's database and the schema before any service, then the rooms and the metadata", async () => {
    const { exitCode, stdout, stderr } = await deploy("1.0.0");
    withMessage(stderr, () => expect(exitCode).toBe(0));
    expect(stdout).toMatch(/^plan: \d+ to create, 0 to update, 0 to replace, 0 to destroy\n/);
    expect(stdout).toContain("deployed development");
    expect(events).toEqual([
      "task phenom-dev-synapse-db-setup:1",
      "task phenom-dev-chat-migration:1",
      "service phenom-dev-chat-mcp:1",
      "service phenom-dev-synapse-admin:1",
      "service phenom-dev-synapse:1",
      "task phenom-dev-chat-bootstrap:1",
      "task phenom-dev-chat-hasura-metadata:1",
      "task phenom-dev-chat-migration:1",
    ]);
  });

  it("migrates before the new code runs, applies only reviewed changes, and does not create the rooms again", async () => {
    const { exitCode, stderr } = await deploy("1.1.0", "--plan-check", reviewed("reviewed", mcpImage));
    withMessage(stderr, () => expect(exitCode).toBe(0));
    expect(events).toEqual([
      "task phenom-dev-synapse-db-setup:1",
      "task phenom-dev-chat-migration:1",
      expect.stringMatching(/^service phenom-dev-chat-mcp:[2-9]/),
      "task phenom-dev-chat-hasura-metadata:1",
      "task phenom-dev-chat-migration:1",
    ]);
  });

  it("rolls the services back when the verification fails", async () => {
    const before = definitions();
    const good = ecs.run;
    ecs.run = (task) => (task.command ? { exitCode: 2, lines: ["psql: error"] } : good(task));
    const { exitCode, stdout, stderr } = await deploy("1.2.0");
    withMessage(stderr, () => expect(exitCode).toBe(10));
    expect(stdout).toContain("psql ended with 2: psql: error");
    expect(stderr).toContain("the verification failed\nrolled back: the services run ");
    expect(definitions()).toEqual(before);
  });

  it("redeploys without any variable: the inputs are those of the last time, the images those that run", async () => {
    aws.objects.set(
      `${development.state.bucket}/${development.state.key}`,
      JSON.stringify({ version: 4, ...readState() }),
    );
    const { exitCode, stdout, stderr } = await execute("redeploy", {}, []);
    withMessage(stderr, () => expect(exitCode).toBe(0));
    expect(stderr).toContain("mcp_image_tag: 1.1.0, as it runs");
    expect(stdout).toContain("deployed development");
    const image = [...ecs.definitions.values()].at(-1);
    expect(JSON.stringify(image)).toContain("applepublicdotcom/phenom-chat-mcp:1.1.0");
  });

  it("stops before any change when the plan would do more than was reviewed", async () => {
    const { exitCode, stdout, stderr } = await deploy(
      "1.3.0",
      "--json",
      "--plan-check",
      reviewed("less", mcpImage.slice(1)),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      "the plan is no longer what was reviewed; it would also:\n  update aws_ecs_service.chat_mcp_server_service\n",
    );
    expect(events).toEqual([]);
    expect(JSON.parse(stdout)).toMatchObject({
      verb: "deploy",
      ok: false,
      changes: [
        { address: "aws_ecs_service.chat_mcp_server_service", action: "update" },
        { address: "aws_ecs_task_definition.chat_mcp_server_service_task", action: "replace" },
        { address: "aws_ecs_task_definition.chat_synapse_bootstrap", action: "replace" },
      ],
    });
  });

  /** Another tag of the MCP server's image. */
  const mcpImage = [
    { address: "aws_ecs_service.chat_mcp_server_service", change: { actions: ["update"] } },
    {
      address: "aws_ecs_task_definition.chat_mcp_server_service_task",
      change: { actions: ["delete", "create"] },
    },
    { address: "aws_ecs_task_definition.chat_synapse_bootstrap", change: { actions: ["delete", "create"] } },
  ];
  function reviewed(name: string, changes: readonly object[]): string {
    const file = path.join(checkout, `${name}.json`);
    writeFileSync(file, JSON.stringify({ resource_changes: changes }));
    return file;
  }
});
