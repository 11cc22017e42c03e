import {
  DescribeServicesCommand,
  DescribeTasksCommand,
  type Deployment as EcsDeployment,
  ListTasksCommand,
  type Service,
  UpdateServiceCommand,
  type UpdateServiceCommandInput,
} from "@aws-sdk/client-ecs";
import { poll } from "./clock.ts";
import type { Context } from "./context.ts";
import { EXIT, Problem } from "./problem.ts";
import { stopReason, taskRemedy } from "./task-failure.ts";

/** ECS describes so many services at once. */
const PAGE = 10;

/** Services by name; one that ECS does not have, or no longer, is missing in the map. */
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

/** One service. @throws Problem where ECS does not have it */
export async function describeService(context: Context, cluster: string, name: string): Promise<Service> {
  const service = (await describeServices(context, cluster, [name])).get(name);
  if (service) return service;
  throw new Problem(
    `the cluster ${cluster} has no service ${name}`,
    `Apply makes it: npm run ops -- deploy ${context.environment.environment}`,
    EXIT.notDeployed,
  );
}

export const primaryOf = (service: Service): EcsDeployment | undefined =>
  service.deployments?.find(({ status }) => status === "PRIMARY");

/** `family:revision` of a task definition's ARN. */
export const revisionOf = (arn: string | undefined): string => arn?.split("/").at(-1) ?? "none";

/** What is not as a settled service should be; nothing where it is settled. */
export function unsettled(service: Service): string | undefined {
  const { deployments = [], runningCount = 0, desiredCount = 0 } = service;
  const primary = primaryOf(service);
  if (!primary) return "it has no deployment";
  if (runningCount !== desiredCount) return `${runningCount} of ${desiredCount} tasks run`;
  if (deployments.length > 1) return `${deployments.length} deployments are under way`;
  if (primary.rolloutState && primary.rolloutState !== "COMPLETED")
    return `its deployment is ${primary.rolloutState.toLowerCase().replace("_", " ")}`;
  return undefined;
}

/** Changes a service. @returns what the service shall settle on */
export async function updateService(
  { aws }: Context,
  input: Pick<
    UpdateServiceCommandInput,
    "cluster" | "service" | "taskDefinition" | "desiredCount" | "forceNewDeployment"
  >,
): Promise<Wanted> {
  const { service } = await aws.ecs.send(new UpdateServiceCommand(input));
  const deployment = service && primaryOf(service)?.id;
  return {
    name: String(input.service),
    taskDefinition: service?.taskDefinition ?? String(input.taskDefinition),
    ...(deployment && { deployment }),
  };
}

export interface Wanted {
  readonly name: string;
  /** ARN that the service must run in the end. */
  readonly taskDefinition: string;
  /** Id of the deployment that must bring it there. @default - any */
  readonly deployment?: string;
}

/**
 * Waits until services run what they should, and nothing else.
 * @throws Problem where ECS gives a deployment up and rolls it back, or the time is over
 */
export async function settle(context: Context, cluster: string, wanted: readonly Wanted[]): Promise<void> {
  const { clock, report, settings } = context;
  const waiting = new Map(wanted.map((service) => [service.name, service]));
  const said = new Map<string, string>();
  const done = await poll(clock, settings.patience, async (seconds) => {
    const services = await describeServices(context, cluster, [...waiting.keys()]);
    for (const [name, target] of waiting) {
      const service = services.get(name);
      if (!service) throw new Problem(`the service ${name} is gone`, "Apply makes it again", EXIT.failed);
      await throwIfGivenUp(context, cluster, service, target);
      const problem = unsettled(service);
      if (problem && said.get(name) !== problem) report.progress(`${name}: ${problem} (${seconds} s)`);
      said.set(name, problem ?? "");
      if (problem) continue;
      report.progress(`${name}: settled on ${revisionOf(target.taskDefinition)} (${seconds} s)`);
      waiting.delete(name);
    }
    return waiting.size === 0 || undefined;
  });
  if (done) return;
  const open = [...waiting.keys()].map((name) => `${name} (${said.get(name)})`).join(", ");
  throw new Problem(
    `not settled after ${settings.patience.timeoutMinutes} minutes: ${open}`,
    `See npm run ops -- status ${context.environment.environment}, then the log; wait longer with --timeout <minutes>`,
    EXIT.timeout,
  );
}

/** ECS's circuit breaker: the deployment failed, and the one before takes its place. */
async function throwIfGivenUp(
  context: Context,
  cluster: string,
  service: Service,
  wanted: Wanted,
): Promise<void> {
  const primary = primaryOf(service);
  const isWanted = ({ id, taskDefinition }: EcsDeployment) =>
    wanted.deployment ? id === wanted.deployment : taskDefinition === wanted.taskDefinition;
  const failed = service.deployments?.find(
    (deployment) => isWanted(deployment) && deployment.rolloutState === "FAILED",
  );
  if (!failed && (primary === undefined || isWanted(primary))) return;
  const name = service.serviceName ?? "";
  const reason =
    (await lastStopReason(context, cluster, name)) ??
    failed?.rolloutStateReason ??
    service.events?.find(({ message = "" }) => /unable|unhealthy|failed|rolling back/i.test(message))
      ?.message ??
    "ECS gives no reason";
  const remedy = taskRemedy(reason);
  throw new Problem(
    `${name} did not settle on ${revisionOf(wanted.taskDefinition)}: ECS rolled it back to ${revisionOf(primary?.taskDefinition)}. ${reason}`,
    `${remedy ? `${remedy}. ` : ""}Its log: npm run ops -- logs ${context.environment.environment} --since 30m`,
    EXIT.failed,
  );
}

/** Why the last task of a service that stopped did so; ECS forgets after about an hour. */
async function lastStopReason({ aws }: Context, cluster: string, name: string): Promise<string | undefined> {
  const { taskArns = [] } = await aws.ecs.send(
    new ListTasksCommand({ cluster, serviceName: name, desiredStatus: "STOPPED", maxResults: 10 }),
  );
  if (taskArns.length === 0) return undefined;
  const { tasks = [] } = await aws.ecs.send(new DescribeTasksCommand({ cluster, tasks: taskArns }));
  const [last] = tasks.sort((a, b) => Number(b.stoppedAt ?? 0) - Number(a.stoppedAt ?? 0));
  return last && stopReason(last);
}
