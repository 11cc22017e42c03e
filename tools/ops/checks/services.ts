import {
  DescribeTaskDefinitionCommand,
  DescribeTasksCommand,
  ListTasksCommand,
  type Service,
  type Task,
} from "@aws-sdk/client-ecs";
import { DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { ServiceOutput } from "../outputs.ts";
import { describeServices, revisionOf, unsettled } from "../services.ts";
import { type Check, type Finding, failed, finding, passed, type Subject } from "./check.ts";

/** Every service is settled on the expected task definition, its tasks run the expected image, its targets are healthy. */
export const services: Check = {
  name: "services",
  transient: true,
  async look(subject) {
    const { context, outputs } = subject;
    const all = Object.entries(outputs.services);
    const live = await describeServices(
      context,
      outputs.cluster,
      all.map(([, { name }]) => name),
    );
    const findings = await Promise.all(
      all.map(async ([part, service]) => {
        const running = live.get(service.name);
        if (!running)
          return [
            failed(
              service.name,
              "is not there",
              `npm run ops -- deploy ${context.environment.environment} makes it`,
            ),
          ];
        return Promise.all([
          finding(service.name, "", async () => settledAsExpected(subject, part, service, running)),
          finding(`${service.name} image`, "", () => image(subject, part, service)),
          ...targetsOf(subject, service, running),
        ]);
      }),
    );
    return findings.flat();
  },
};

function settledAsExpected(
  { context, rolledBack }: Subject,
  part: string,
  service: ServiceOutput,
  live: Service,
): Finding {
  const { environment } = context.environment;
  const expected = rolledBack[part] ?? service.task_definition;
  const problem = unsettled(live);
  if (problem)
    return failed(
      service.name,
      problem,
      `npm run ops -- status ${environment} and npm run ops -- logs ${environment} ${part} say why`,
    );
  if (live.taskDefinition !== expected)
    return failed(
      service.name,
      `runs ${revisionOf(live.taskDefinition)}, expected is ${revisionOf(expected)}`,
      `It was rolled back or changed by hand: npm run ops -- deploy ${environment} puts it right`,
    );
  return passed(service.name, `${live.runningCount} running on ${revisionOf(expected)}`);
}

async function image(
  { context, outputs, rolledBack }: Subject,
  part: string,
  service: ServiceOutput,
): Promise<Finding> {
  const { ecs } = context.aws;
  const what = `${service.name} image`;
  const { container, name } = service;
  let expected = service.image;
  const earlier = rolledBack[part];
  if (earlier) {
    const { taskDefinition } = await ecs.send(new DescribeTaskDefinitionCommand({ taskDefinition: earlier }));
    expected =
      taskDefinition?.containerDefinitions?.find((definition) => definition.name === container)?.image ?? "";
  }
  const { taskArns = [] } = await ecs.send(
    new ListTasksCommand({ cluster: outputs.cluster, serviceName: name, desiredStatus: "RUNNING" }),
  );
  const tasks: Task[] = taskArns.length
    ? ((await ecs.send(new DescribeTasksCommand({ cluster: outputs.cluster, tasks: taskArns }))).tasks ?? [])
    : [];
  const images = [
    ...new Set(tasks.flatMap(({ containers = [] }) => containers.map((c) => c.image ?? "unknown"))),
  ];
  if (images.length === 1 && images[0] === expected) return passed(what, expected);
  return failed(
    what,
    images.length ? `runs ${images.join(", ")}, expected is ${expected}` : "no task runs",
    `npm run ops -- status ${context.environment.environment} shows what ECS does`,
  );
}

/** Nothing for a service that nobody asks anything. */
const targetsOf = (subject: Subject, { name, target_group: group }: ServiceOutput, live: Service) =>
  group === undefined ? [] : [finding(`${name} targets`, "", () => targets(subject, name, group, live))];

async function targets(
  { context }: Subject,
  name: string,
  targetGroup: string,
  live: Service,
): Promise<Finding> {
  const what = `${name} targets`;
  const { TargetHealthDescriptions: all = [] } = await context.aws.elb.send(
    new DescribeTargetHealthCommand({ TargetGroupArn: targetGroup }),
  );
  const healthy = all.filter(({ TargetHealth }) => TargetHealth?.State === "healthy").length;
  const ill = all.filter(({ TargetHealth }) => !["healthy", "draining"].includes(TargetHealth?.State ?? ""));
  if (ill.length === 0 && healthy >= (live.desiredCount ?? 0)) return passed(what, `${healthy} healthy`);
  const why = ill.map(({ TargetHealth: h }) =>
    [h?.State, h?.Reason, h?.Description].filter(Boolean).join(" "),
  );
  return failed(
    what,
    [`${healthy} of ${live.desiredCount} healthy`, ...why].join("; "),
    "The health check's path must answer 200 to the load balancer: look at the service's log and its security group",
  );
}
