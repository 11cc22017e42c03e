import { randomUUID } from "node:crypto";
import type { Deployment, Service, Task, TaskDefinition } from "@aws-sdk/client-ecs";
import * as z from "zod";
import type { Outputs } from "../../tools/ops/outputs.ts";
import { type Answer, AwsFault } from "../../tools/servers/aws-api.ts";

/** The outcome of a one-shot task: it exits with a code after some lines of log, or never starts. */
export type TaskOutcome =
  | { readonly exitCode: number; readonly lines?: readonly string[] }
  | { readonly stoppedReason: string };

/** The outcome of a service's new deployment. */
type DeploymentOutcome = "succeeds" | "hangs" | "fails";

export interface StartedTask {
  readonly family: string;
  readonly definition: string;
  readonly command: readonly string[] | undefined;
}

/** A fake of ECS and CloudWatch Logs with one cluster. */
export interface Cluster {
  readonly answers: Record<string, Answer>;
  readonly services: Map<string, Service>;
  readonly definitions: Map<string, TaskDefinition>;
  /** One-shot tasks in the order in which they were started. */
  readonly started: StartedTask[];
  /** Decides the outcome of a one-shot task. */
  run: (task: StartedTask) => TaskOutcome | Promise<TaskOutcome>;
  /** Decides the outcome of a deployment. */
  deploy: (service: string, definition: string) => DeploymentOutcome;
  /** Registers a revision. */
  define(arn: string, container: string, image: string): void;
  /** Task definitions that Terraform last applied, by service. */
  readonly applied: ReadonlyMap<string, string>;
  /** Creates a service, or deploys another task definition, as Terraform does. */
  apply(service: string, definition: string): void;
}

const names = z.object({ services: z.array(z.string()) });
const runTask = z.object({
  taskDefinition: z.string(),
  launchType: z.literal("FARGATE"),
  networkConfiguration: z.object({
    awsvpcConfiguration: z.object({
      subnets: z.array(z.string()).min(1),
      securityGroups: z.array(z.string()).min(1),
    }),
  }),
  overrides: z
    .object({
      containerOverrides: z
        .array(z.object({ name: z.string(), command: z.array(z.string()).optional() }))
        .length(1),
    })
    .optional(),
});
const update = z.object({
  service: z.string(),
  taskDefinition: z.string().optional(),
  desiredCount: z.number().optional(),
  forceNewDeployment: z.boolean().optional(),
});
const logEvents = z.object({
  logGroupName: z.string(),
  logStreamName: z.string(),
  nextToken: z.string().optional(),
});

const CLUSTER = "arn:aws:ecs:us-east-1:123456789012:cluster/phenom-dev-cluster";
const now = new Date("2026-01-31T12:00:00Z");
/** The states that successive calls of DescribeTasks return. */
const STATES = ["PROVISIONING", "PENDING", "RUNNING", "STOPPED"];

/** The environment of `outputs` after a successful deployment. */
export function cluster(outputs: Pick<Outputs, "services" | "one_shot_tasks">): Cluster {
  const services = new Map<string, Service>();
  const definitions = new Map<string, TaskDefinition>();
  const tasks = new Map<string, { task: Task; calls: number; outcome: TaskOutcome }>();
  const logs = new Map<string, readonly string[]>();
  const started: StartedTask[] = [];

  const define = (arn: string, container: string, image: string) => {
    const [family = "", revision = ""] = (arn.split("/").at(-1) ?? "").split(":");
    definitions.set(arn, {
      taskDefinitionArn: arn,
      family,
      revision: Number(revision),
      status: "ACTIVE",
      containerDefinitions: [{ name: container, image }],
    });
  };
  const deployment = (taskDefinition: string, desired: number, outcome: DeploymentOutcome): Deployment => ({
    id: `ecs-svc/${randomUUID()}`,
    status: "PRIMARY",
    taskDefinition,
    desiredCount: desired,
    runningCount: outcome === "succeeds" ? desired : 0,
    rolloutState: outcome === "succeeds" ? "COMPLETED" : outcome === "fails" ? "FAILED" : "IN_PROGRESS",
  });
  const create = (name: string, definition: string) =>
    services.set(name, {
      serviceName: name,
      serviceArn: `arn:aws:ecs:us-east-1:123456789012:service/phenom-dev-cluster/${name}`,
      status: "ACTIVE",
      desiredCount: 1,
      runningCount: 1,
      pendingCount: 0,
      taskDefinition: definition,
      deployments: [deployment(definition, 1, "succeeds")],
      events: [{ id: "1", createdAt: now, message: `(service ${name}) has reached a steady state.` }],
      networkConfiguration: {
        awsvpcConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: "DISABLED" },
      },
    });
  for (const service of Object.values(outputs.services)) {
    define(service.task_definition, service.container, service.image);
    create(service.name, service.task_definition);
  }
  for (const { family, container } of Object.values(outputs.one_shot_tasks))
    define(`arn:aws:ecs:us-east-1:123456789012:task-definition/${family}:1`, container, "postgres:16-alpine");

  const definitionOf = (reference: string): TaskDefinition => {
    const revisions = [...definitions.values()].filter(({ taskDefinitionArn, family, revision }) =>
      [taskDefinitionArn, family, `${family}:${revision}`].includes(reference),
    );
    const [newest] = revisions.sort((a, b) => (b.revision ?? 0) - (a.revision ?? 0));
    if (newest) return newest;
    throw new AwsFault("ClientException", "Unable to describe task definition.");
  };

  /** @returns the service as UpdateService returns it, before ECS rolls a failed deployment back */
  const change = (
    service: Service,
    target: {
      definition?: string | undefined;
      desiredCount?: number | undefined;
      force?: boolean | undefined;
    },
  ): Service => {
    const before = service.taskDefinition ?? "";
    const next = target.definition ?? before;
    const desired = target.desiredCount ?? service.desiredCount ?? 0;
    const replaced = target.definition !== undefined || target.force === true;
    const outcome = replaced ? self.deploy(service.serviceName ?? "", next) : "succeeds";
    const fresh = deployment(next, desired, outcome);
    const after: Service = {
      ...service,
      desiredCount: desired,
      runningCount: outcome === "hangs" ? 0 : desired,
      taskDefinition: outcome === "fails" ? before : next,
      deployments: replaced ? [fresh] : (service.deployments ?? []),
    };
    services.set(
      service.serviceName ?? "",
      outcome === "fails"
        ? { ...after, deployments: [deployment(before, desired, "succeeds"), { ...fresh, status: "ACTIVE" }] }
        : after,
    );
    return { ...after, taskDefinition: next };
  };
  const applied = new Map<string, string>();

  const self: Cluster = {
    applied,
    apply(name, definition) {
      applied.set(name, definition);
      const service = services.get(name);
      if (service) change(service, { definition });
      else create(name, definition);
    },
    services,
    definitions,
    started,
    run: () => ({ exitCode: 0 }),
    deploy: () => "succeeds",
    define,
    answers: {
      async RunTask(input) {
        const { taskDefinition, overrides } = runTask.parse(input);
        const definition = definitionOf(taskDefinition);
        const container = definition.containerDefinitions?.[0]?.name ?? "";
        const [override] = overrides?.containerOverrides ?? [];
        if (override && override.name !== container)
          throw new AwsFault(
            "InvalidParameterException",
            `Override for container named ${override.name} is not a container in the TaskDefinition.`,
          );
        const one = {
          family: definition.family ?? "",
          definition: definition.taskDefinitionArn ?? "",
          command: override?.command,
        };
        started.push(one);
        const id = randomUUID().replaceAll("-", "");
        const task: Task = {
          taskArn: `arn:aws:ecs:us-east-1:123456789012:task/phenom-dev-cluster/${id}`,
          clusterArn: CLUSTER,
          taskDefinitionArn: one.definition,
          lastStatus: "PROVISIONING",
          containers: [{ name: container, lastStatus: "PENDING" }],
        };
        const outcome = await self.run(one);
        tasks.set(task.taskArn ?? "", { task, calls: 0, outcome });
        if ("exitCode" in outcome) logs.set(`task/${container}/${id}`, outcome.lines ?? []);
        return { tasks: [task], failures: [] };
      },
      DescribeTasks(input) {
        const { tasks: arns } = z.object({ tasks: z.array(z.string()) }).parse(input);
        return { tasks: arns.map((arn) => describeTask(arn)), failures: [] };
      },
      ListTasks(input) {
        const { serviceName, desiredStatus } = z
          .object({ serviceName: z.string(), desiredStatus: z.string() })
          .parse(input);
        const count = desiredStatus === "RUNNING" ? (services.get(serviceName)?.runningCount ?? 0) : 0;
        return {
          taskArns: Array.from(
            { length: count },
            (_, i) => `arn:aws:ecs:us-east-1:123456789012:task/of/${serviceName}/${i}`,
          ),
        };
      },
      DescribeServices(input) {
        const wanted = names.parse(input).services;
        return {
          services: wanted.flatMap((name) => services.get(name) ?? []),
          failures: wanted.filter((name) => !services.has(name)).map((arn) => ({ arn, reason: "MISSING" })),
        };
      },
      UpdateService(input) {
        const { service: name, taskDefinition, desiredCount, forceNewDeployment } = update.parse(input);
        const service = services.get(name);
        if (!service) throw new AwsFault("ServiceNotFoundException", "Service not found.");
        const definition = taskDefinition ? definitionOf(taskDefinition) : undefined;
        if (definition?.status === "INACTIVE")
          throw new AwsFault("ClientException", "TaskDefinition is inactive");
        return {
          service: change(service, {
            definition: definition?.taskDefinitionArn,
            desiredCount,
            force: forceNewDeployment,
          }),
        };
      },
      DescribeTaskDefinition: (input) => ({
        taskDefinition: definitionOf(z.object({ taskDefinition: z.string() }).parse(input).taskDefinition),
      }),
      ListTaskDefinitions(input) {
        const { familyPrefix } = z.object({ familyPrefix: z.string(), sort: z.literal("DESC") }).parse(input);
        return {
          taskDefinitionArns: [...definitions.values()]
            .filter(({ family = "", status }) => family.startsWith(familyPrefix) && status === "ACTIVE")
            .sort((a, b) => (b.revision ?? 0) - (a.revision ?? 0))
            .map(({ taskDefinitionArn }) => taskDefinitionArn),
        };
      },
      GetLogEvents(input) {
        const { logStreamName, nextToken } = logEvents.parse(input);
        const lines = logs.get(logStreamName);
        if (!lines)
          throw new AwsFault("ResourceNotFoundException", "The specified log stream does not exist.");
        const read = nextToken ? Number(nextToken.slice(2)) : 0;
        return {
          events: lines
            .slice(read)
            .map((message) => ({ timestamp: now.getTime(), message, ingestionTime: now.getTime() })),
          nextForwardToken: `f/${lines.length}`,
          nextBackwardToken: "b/0",
        };
      },
    },
  };

  /** A one-shot task advances by one state with each call; a service's task runs. */
  function describeTask(arn: string): Task {
    const oneShot = tasks.get(arn);
    if (!oneShot) return serviceTask(arn);
    const lastStatus = STATES[Math.min(oneShot.calls++, STATES.length - 1)] ?? "STOPPED";
    if (lastStatus !== "STOPPED") return { ...oneShot.task, lastStatus };
    const { outcome, task } = oneShot;
    const name = task.containers?.[0]?.name ?? "";
    return "exitCode" in outcome
      ? {
          ...task,
          lastStatus,
          stopCode: "EssentialContainerExited",
          stoppedReason: "Essential container in task exited",
          containers: [{ name, lastStatus, exitCode: outcome.exitCode }],
        }
      : {
          ...task,
          lastStatus,
          stopCode: "TaskFailedToStart",
          stoppedReason: outcome.stoppedReason,
          containers: [{ name, lastStatus }],
        };
  }
  function serviceTask(arn: string): Task {
    const service = services.get(arn.split("/").at(-2) ?? "");
    const definition = definitionOf(service?.taskDefinition ?? "");
    const [container] = definition.containerDefinitions ?? [];
    return {
      taskArn: arn,
      lastStatus: "RUNNING",
      containers: [{ name: container?.name, image: container?.image, lastStatus: "RUNNING" }],
    };
  }
  return self;
}
