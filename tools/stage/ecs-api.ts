import { randomUUID } from "node:crypto";
import * as z from "zod";
import { type Answer, AwsFault } from "../servers/aws-api.ts";
import type { Exit } from "./container.ts";
import type { Service } from "./service.ts";
import type { TargetGroup } from "./target-group.ts";
import type { Task } from "./task.ts";
import type { TaskDefinition } from "./task-definition.ts";

/** A task that was started once, outside a service. */
export interface OneShot {
  readonly task: Task;
  readonly result: Promise<Exit>;
}

export interface EcsParts {
  readonly region: string;
  readonly account: string;
  readonly cluster: string;
  readonly services: ReadonlyMap<string, Service>;
  readonly definitions: () => readonly TaskDefinition[];
  /** Starts a task. @throws TaskDefinitionError where it can't start */
  readonly run: (
    definition: TaskDefinition,
    overrides: Record<string, readonly string[]>,
  ) => Promise<OneShot>;
}

const runTask = z.object({
  taskDefinition: z.string(),
  overrides: z
    .object({
      containerOverrides: z
        .array(z.object({ name: z.string(), command: z.array(z.string()).optional() }))
        .default([]),
    })
    .optional(),
});
const update = z.object({
  service: z.string(),
  taskDefinition: z.string().optional(),
  desiredCount: z.number().optional(),
  forceNewDeployment: z.boolean().optional(),
});

/** Answers of the ECS API and of CloudWatch Logs about the tasks of a stage, for `npm run ops`. */
export function ecsAnswers(parts: EcsParts): Record<string, Answer> {
  const arn = (kind: string, id: string) =>
    `arn:aws:ecs:${parts.region}:${parts.account}:${kind}/${parts.cluster}/${id}`;
  const idOf = (taskArn: string) => taskArn.split("/").at(-1) ?? "";
  const oneShots = new Map<string, OneShot & { exit: Exit | undefined }>();
  const failed = new Map<string, { readonly definition: TaskDefinition; readonly reason: string }>();

  const definitionOf = (reference: string): TaskDefinition => {
    const revisions = parts
      .definitions()
      .filter((each) => [each.arn, each.family, each.arn.split("/").at(-1)].includes(reference))
      .sort((a, b) => revisionOf(b) - revisionOf(a));
    if (revisions[0]) return revisions[0];
    throw new AwsFault("ClientException", "Unable to describe task definition.");
  };
  const serviceOf = (name: string): Service => {
    const service = parts.services.get(name);
    if (service) return service;
    throw new AwsFault("ServiceNotFoundException", "Service not found.");
  };
  const described = (service: Service) => ({
    serviceName: service.definition.name,
    serviceArn: service.definition.arn,
    status: "ACTIVE",
    desiredCount: service.desiredCount,
    runningCount: service.tasks.length,
    pendingCount: 0,
    taskDefinition: service.primary.definition.arn,
    deployments: service.deployments.map((deployment, index) => ({
      id: deployment.id,
      status: index === 0 ? "PRIMARY" : "ACTIVE",
      taskDefinition: deployment.definition.arn,
      desiredCount: service.desiredCount,
      runningCount: service.tasks.filter(({ definition }) => definition === deployment.definition).length,
      failedTasks: deployment.failedTasks,
      rolloutState: deployment.rolloutState,
      rolloutStateReason: deployment.rolloutStateReason,
    })),
    events: service.events.map(({ at, message }, index) => ({ id: String(index), createdAt: at, message })),
  });
  const containersOf = (definition: TaskDefinition, lastStatus: string, exit?: Exit) =>
    definition.containers.map(({ name, image }) => ({
      ...{ name, image, lastStatus },
      ...(exit && { exitCode: exit.code }),
    }));
  const running = () =>
    [...parts.services.values()].flatMap((service) => service.tasks.map((task) => ({ service, task })));

  const describeTask = (taskArn: string) => {
    const id = idOf(taskArn);
    const oneShot = oneShots.get(id);
    if (oneShot) {
      const { task, exit } = oneShot;
      const lastStatus = exit ? "STOPPED" : "RUNNING";
      return {
        ...{ taskArn, lastStatus, taskDefinitionArn: task.definition.arn },
        containers: containersOf(task.definition, lastStatus, exit),
        ...(exit && {
          stopCode: "EssentialContainerExited",
          stoppedReason: "Essential container in task exited",
        }),
      };
    }
    const problem = failed.get(id);
    if (problem)
      return {
        ...{ taskArn, lastStatus: "STOPPED", stopCode: "TaskFailedToStart", stoppedReason: problem.reason },
        containers: containersOf(problem.definition, "STOPPED"),
      };
    const active = running().find(({ task }) => task.id === id);
    if (active)
      return {
        ...{ taskArn, lastStatus: "RUNNING", taskDefinitionArn: active.task.definition.arn },
        containers: containersOf(active.task.definition, "RUNNING"),
      };
    for (const service of parts.services.values()) {
      const stopped = service.stopped.find((each) => each.id === id);
      if (stopped)
        return {
          ...{ taskArn, lastStatus: "STOPPED", stoppedReason: stopped.reason },
          containers: containersOf(stopped.definition, "STOPPED"),
        };
    }
    return undefined;
  };

  return {
    async RunTask(input) {
      const { taskDefinition, overrides } = runTask.parse(input);
      const definition = definitionOf(taskDefinition);
      const commands = Object.fromEntries(
        (overrides?.containerOverrides ?? []).flatMap(({ name, command }) =>
          command ? [[name, command]] : [],
        ),
      );
      const start = async (): Promise<string> => {
        try {
          const oneShot = { ...(await parts.run(definition, commands)), exit: undefined as Exit | undefined };
          oneShots.set(oneShot.task.id, oneShot);
          void oneShot.result.then((exit) => {
            oneShot.exit = exit;
          });
          return oneShot.task.id;
        } catch (error) {
          const id = randomUUID().replaceAll("-", "");
          failed.set(id, { definition, reason: error instanceof Error ? error.message : String(error) });
          return id;
        }
      };
      return { tasks: [describeTask(arn("task", await start()))], failures: [] };
    },
    DescribeTasks(input) {
      const { tasks } = z.object({ tasks: z.array(z.string()) }).parse(input);
      return { tasks: tasks.flatMap((each) => describeTask(each) ?? []), failures: [] };
    },
    ListTasks(input) {
      const { serviceName, desiredStatus } = z
        .object({ serviceName: z.string(), desiredStatus: z.string() })
        .parse(input);
      const service = serviceOf(serviceName);
      const ids =
        desiredStatus === "RUNNING" ? service.tasks.map(({ id }) => id) : service.stopped.map(({ id }) => id);
      return { taskArns: ids.map((id) => arn("task", id)) };
    },
    DescribeServices(input) {
      const names = z.object({ services: z.array(z.string()) }).parse(input).services;
      return {
        services: names.flatMap((name) => {
          const service = parts.services.get(name);
          return service ? [described(service)] : [];
        }),
        failures: names
          .filter((name) => !parts.services.has(name))
          .map((name) => ({ arn: name, reason: "MISSING" })),
      };
    },
    UpdateService(input) {
      const { service: name, taskDefinition, desiredCount, forceNewDeployment } = update.parse(input);
      const service = serviceOf(name);
      if (desiredCount !== undefined) service.desiredCount = desiredCount;
      if (taskDefinition !== undefined) service.deploy(definitionOf(taskDefinition).arn);
      else if (forceNewDeployment) service.deploy(service.primary.definition.arn);
      return { service: described(service) };
    },
    DescribeTaskDefinition(input) {
      const { taskDefinition } = z.object({ taskDefinition: z.string() }).parse(input);
      const definition = definitionOf(taskDefinition);
      return {
        taskDefinition: {
          ...{ taskDefinitionArn: definition.arn, family: definition.family, status: "ACTIVE" },
          revision: revisionOf(definition),
          containerDefinitions: definition.containers.map(({ name, image }) => ({ name, image })),
        },
      };
    },
    ListTaskDefinitions(input) {
      const { familyPrefix } = z.object({ familyPrefix: z.string() }).parse(input);
      return {
        taskDefinitionArns: parts
          .definitions()
          .filter(({ family }) => family.startsWith(familyPrefix))
          .sort((a, b) => revisionOf(b) - revisionOf(a))
          .map((each) => each.arn),
      };
    },
    GetLogEvents(input) {
      const { logStreamName, nextToken } = z
        .object({ logStreamName: z.string(), nextToken: z.string().optional() })
        .parse(input);
      const [, container = "", id = ""] = logStreamName.split("/");
      const task = oneShots.get(id)?.task ?? running().find((each) => each.task.id === id)?.task;
      if (!task) throw new AwsFault("ResourceNotFoundException", "The specified log stream does not exist.");
      const lines = task.container(container).lines;
      const read = nextToken ? Number(nextToken.slice(2)) : 0;
      const now = Date.now();
      return {
        events: lines.slice(read).map((message) => ({ timestamp: now, message, ingestionTime: now })),
        nextForwardToken: `f/${lines.length}`,
        nextBackwardToken: "b/0",
      };
    },
  };
}

const revisionOf = ({ arn }: TaskDefinition) => Number(arn.split(":").at(-1));

const tag = (name: string, value: string | number | undefined) =>
  value === undefined
    ? ""
    : `<${name}>${String(value).replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</${name}>`;
const envelope = (action: string, namespace: string, result: string) =>
  `<${action}Response xmlns="${namespace}"><${action}Result>${result}</${action}Result>` +
  "<ResponseMetadata><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId></ResponseMetadata>" +
  `</${action}Response>`;
const ELB = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";

const rule = z.object({
  arn: z.string(),
  priority: z.number(),
  condition: z.array(
    z.object({
      host_header: z.array(z.object({ values: z.array(z.string()).nullish() })).nullish(),
      path_pattern: z.array(z.object({ values: z.array(z.string()).nullish() })).nullish(),
    }),
  ),
  action: z.array(
    z.object({ type: z.string(), order: z.number().nullish(), target_group_arn: z.string().nullish() }),
  ),
});

/** Answers of the load balancer's and of RDS's API. */
export const xmlAnswers = (
  rules: () => readonly unknown[],
  groups: ReadonlyMap<string, TargetGroup>,
  database: { readonly identifier: string; readonly host: string; readonly port: number },
): Record<string, (parameters: URLSearchParams) => string> => ({
  DescribeRules(parameters) {
    const found = rules()
      .map((each) => rule.parse(each))
      .filter(({ arn }) => arn === parameters.get("RuleArns.member.1"));
    const members = (values: readonly string[]) =>
      `<Values>${values.map((value) => tag("member", value)).join("")}</Values>`;
    return envelope(
      "DescribeRules",
      ELB,
      `<Rules>${found
        .map(
          ({ arn, priority, condition, action }) =>
            `<member>${tag("RuleArn", arn)}${tag("Priority", priority)}<Conditions>${condition
              .map(({ host_header, path_pattern }) => {
                const [host, path] = [host_header?.[0], path_pattern?.[0]];
                return `<member>${tag("Field", host ? "host-header" : "path-pattern")}${
                  host
                    ? `<HostHeaderConfig>${members(host.values ?? [])}</HostHeaderConfig>`
                    : `<PathPatternConfig>${members(path?.values ?? [])}</PathPatternConfig>`
                }</member>`;
              })
              .join("")}</Conditions><Actions>${action
              .map(
                ({ type, order, target_group_arn }) =>
                  `<member>${tag("Type", type)}${tag("Order", order || 1)}${tag("TargetGroupArn", target_group_arn ?? undefined)}</member>`,
              )
              .join("")}</Actions></member>`,
        )
        .join("")}</Rules>`,
    );
  },
  DescribeTargetHealth(parameters) {
    const group = groups.get(parameters.get("TargetGroupArn") ?? "");
    return envelope(
      "DescribeTargetHealth",
      ELB,
      `<TargetHealthDescriptions>${(group?.targets ?? [])
        .map(
          ({ address, port, state }) =>
            `<member><TargetHealth>${tag("State", state)}</TargetHealth><Target>${tag("Id", address)}${tag("Port", port)}</Target></member>`,
        )
        .join("")}</TargetHealthDescriptions>`,
    );
  },
  DescribeDBInstances: () =>
    envelope(
      "DescribeDBInstances",
      "http://rds.amazonaws.com/doc/2014-10-31/",
      `<DBInstances><DBInstance>${tag("DBInstanceIdentifier", database.identifier)}<Endpoint>${tag("Address", database.host)}${tag("Port", database.port)}</Endpoint>${tag("BackupRetentionPeriod", 7)}</DBInstance></DBInstances>`,
    ),
});
