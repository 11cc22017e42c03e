import {
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  type Deployment as EcsDeployment,
  ListTasksCommand,
  type Service,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from "@aws-sdk/client-ecs";
import { DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import { EXIT, Problem } from "../cli/problem.ts";
import { poll } from "./clock.ts";
import type { Context } from "./context.ts";
import { stopReason, taskRemedy } from "./task-failure.ts";

/** The most services that ECS describes in one request. */
const PAGE = 10;

/** The active services of these names; the others are missing in the map. */
export async function describeServices(
  { aws }: Context,
  cluster: string,
  names: readonly string[],
): Promise<Map<string, Service>> {
  const found = new Map<string, Service>();
  for (let start = 0; start < names.length; start += PAGE) {
    const { services = [] } = await aws.ecs.send(
      new DescribeServicesCommand({ cluster, services: names.slice(start, start + PAGE) }),
    );
    for (const service of services)
      if (service.serviceName && service.status === "ACTIVE") found.set(service.serviceName, service);
  }
  return found;
}

/** One service. @throws Problem where it is not active */
export async function describeService(context: Context, cluster: string, name: string): Promise<Service> {
  const service = (await describeServices(context, cluster, [name])).get(name);
  if (service) return service;
  throw new Problem(
    `the cluster ${cluster} has no service ${name}`,
    `Apply creates it: npm run ops -- deploy ${context.environment.environment}`,
    EXIT.notDeployed,
  );
}

const primaryOf = (service: Service): EcsDeployment | undefined =>
  service.deployments?.find(({ status }) => status === "PRIMARY");

/** `family:revision` of a task definition's ARN. */
export const revisionOf = (arn: string | undefined): string => arn?.split("/").at(-1) ?? "none";

/** The state of a service that runs its task definition on as many tasks as it should. */
export const STABLE = "stable";

/** Why a service is not stable; `undefined` where it is. */
export function unstableReason(service: Service): string | undefined {
  const { deployments = [], runningCount = 0, desiredCount = 0 } = service;
  const primary = primaryOf(service);
  if (!primary) return "it has no deployment";
  if (runningCount !== desiredCount) return `${runningCount} of ${desiredCount} tasks run`;
  if (deployments.length > 1) return `${deployments.length} deployments are under way`;
  if (primary.rolloutState && primary.rolloutState !== "COMPLETED")
    return `its deployment is ${primary.rolloutState.toLowerCase().replace("_", " ")}`;
  return undefined;
}

/** The image of a container in a task definition; empty where it has none. */
export async function imageOf({ aws }: Context, definition: string | undefined, container: string) {
  const { taskDefinition } = await aws.ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition: definition }),
  );
  return taskDefinition?.containerDefinitions?.find(({ name }) => name === container)?.image ?? "";
}

/** The targets of a target group, and how many of them are healthy. */
export async function targetHealth({ aws }: Context, group: string) {
  const { TargetHealthDescriptions: targets = [] } = await aws.elb.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: group }),
  );
  return {
    targets,
    healthy: targets.filter(({ TargetHealth }) => TargetHealth?.State === "healthy").length,
  };
}

/** Changes a service. @returns what it must run in the end */
export async function updateService(
  { aws }: Context,
  input: Pick<
    UpdateServiceCommandInput,
    "cluster" | "service" | "taskDefinition" | "desiredCount" | "forceNewDeployment"
  >,
): Promise<ExpectedService> {
  const { service } = await aws.ecs.send(new UpdateServiceCommand(input));
  const deployment = service && primaryOf(service)?.id;
  return {
    name: String(input.service),
    taskDefinition: service?.taskDefinition ?? String(input.taskDefinition),
    ...(deployment && { deployment }),
  };
}

export interface ExpectedService {
  readonly name: string;
  /** ARN that the service must run in the end. */
  readonly taskDefinition: string;
  /** Id of the deployment that must do it. @default - any */
  readonly deployment?: string;
}

/**
 * Waits until services run what they should, and nothing else.
 * @throws Problem where ECS rolls a deployment back, or the time is over
 */
export async function waitUntilStable(
  context: Context,
  cluster: string,
  expected: readonly ExpectedService[],
): Promise<void> {
  const { clock, report, settings } = context;
  const waiting = new Map(expected.map((service) => [service.name, service]));
  const reasons = new Map<string, string>();
  const done = await poll(clock, settings.polling, async (seconds) => {
    const services = await describeServices(context, cluster, [...waiting.keys()]);
    for (const [name, target] of waiting) {
      const service = services.get(name);
      if (!service) throw new Problem(`the service ${name} is gone`, "Apply creates it again");
      await checkNotRolledBack(context, cluster, service, target);
      const reason = unstableReason(service);
      if (reason && reasons.get(name) !== reason) report.progress(`${name}: ${reason} (${seconds} s)`);
      reasons.set(name, reason ?? "");
      if (reason) continue;
      report.progress(`${name}: stable on ${revisionOf(target.taskDefinition)} (${seconds} s)`);
      waiting.delete(name);
    }
    return waiting.size === 0 || undefined;
  });
  if (done) return;
  const open = [...waiting.keys()].map((name) => `${name} (${reasons.get(name)})`).join(", ");
  throw new Problem(
    `not stable after ${settings.polling.timeoutMinutes} minutes: ${open}`,
    `See npm run ops -- status ${context.environment.environment}, then the log; wait longer with --timeout <minutes>`,
    EXIT.timeout,
  );
}

/** @throws Problem where ECS's circuit breaker has rolled the deployment back */
async function checkNotRolledBack(
  context: Context,
  cluster: string,
  service: Service,
  expected: ExpectedService,
): Promise<void> {
  const primary = primaryOf(service);
  const isExpected = ({ id, taskDefinition }: EcsDeployment) =>
    expected.deployment ? id === expected.deployment : taskDefinition === expected.taskDefinition;
  const failed = service.deployments?.find(
    (deployment) => isExpected(deployment) && deployment.rolloutState === "FAILED",
  );
  if (!failed && (primary === undefined || isExpected(primary))) return;
  const name = service.serviceName ?? "";
  const reason =
    (await lastStopReason(context, cluster, name)) ??
    failed?.rolloutStateReason ??
    service.events?.find(({ message = "" }) => /unable|unhealthy|failed|rolling back/i.test(message))
      ?.message ??
    "ECS gives no reason";
  const remedy = taskRemedy(reason);
  throw new Problem(
    `${name} did not become stable on ${revisionOf(expected.taskDefinition)}: ECS rolled it back to ${revisionOf(primary?.taskDefinition)}. ${reason}`,
    `${remedy ? `${remedy}. ` : ""}Its log: npm run ops -- logs ${context.environment.environment} --since 30m`,
  );
}

/** Why the last task of a service stopped; ECS forgets after about an hour. */
async function lastStopReason({ aws }: Context, cluster: string, name: string): Promise<string | undefined> {
  const { taskArns = [] } = await aws.ecs.send(
    new ListTasksCommand({ cluster, serviceName: name, desiredStatus: "STOPPED", maxResults: 10 }),
  );
  if (taskArns.length === 0) return undefined;
  const { tasks = [] } = await aws.ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
  const [last] = tasks.sort((a, b) => Number(b.stoppedAt ?? 0) - Number(a.stoppedAt ?? 0));
  return last && stopReason(last);
}
