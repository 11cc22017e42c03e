import { DescribeTasksCommand, ListTasksCommand, type Service, type Task } from "@aws-sdk/client-ecs";
import type { ServiceOutput } from "../outputs.ts";
import { describeServices, imageOf, revisionOf, targetHealth, unstableReason } from "../services.ts";
import { type Check, type Finding, failed, finding, passed, type Subject } from "./check.ts";

/** Every service is stable on the expected task definition, its tasks run the expected image, its targets are healthy. */
export const services: Check = {
  name: "services",
  transient: true,
  async run(subject) {
    const { context, outputs } = subject;
    const all = Object.entries(outputs.services);
    const found = await describeServices(
      context,
      outputs.cluster,
      all.map(([, { name }]) => name),
    );
    const findings = await Promise.all(
      all.map(async ([part, service]) => {
        const running = found.get(service.name);
        if (!running)
          return [
            failed(
              service.name,
              "is missing",
              `npm run ops -- deploy ${context.environment.environment} creates it`,
            ),
          ];
        return Promise.all([
          finding(service.name, "", async () => taskDefinition(subject, part, service, running)),
          finding(`${service.name} image`, "", () => image(subject, part, service)),
          ...targetFindings(subject, service, running),
        ]);
      }),
    );
    return findings.flat();
  },
};

function taskDefinition(
  { context, rolledBack }: Subject,
  part: string,
  service: ServiceOutput,
  running: Service,
): Finding {
  const { environment } = context.environment;
  const expected = rolledBack[part] ?? service.task_definition;
  const problem = unstableReason(running);
  if (problem)
    return failed(
      service.name,
      problem,
      `npm run ops -- status ${environment} and npm run ops -- logs ${environment} ${part} say why`,
    );
  if (running.taskDefinition !== expected)
    return failed(
      service.name,
      `runs ${revisionOf(running.taskDefinition)}, expected ${revisionOf(expected)}`,
      `It was rolled back or changed by hand: npm run ops -- deploy ${environment} corrects it`,
    );
  return passed(service.name, `${running.runningCount} running on ${revisionOf(expected)}`);
}

async function image(
  { context, outputs, rolledBack }: Subject,
  part: string,
  service: ServiceOutput,
): Promise<Finding> {
  const { ecs } = context.aws;
  const { container, name } = service;
  const what = `${name} image`;
  const earlier = rolledBack[part];
  const expected = earlier ? await imageOf(context, earlier, container) : service.image;
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
    images.length ? `runs ${images.join(", ")}, expected ${expected}` : "no task runs",
    `npm run ops -- status ${context.environment.environment} shows what ECS does`,
  );
}

/** None for a service that receives no traffic. */
const targetFindings = (subject: Subject, { name, target_group: group }: ServiceOutput, running: Service) =>
  group === undefined ? [] : [finding(`${name} targets`, "", () => targets(subject, name, group, running))];

async function targets(
  { context }: Subject,
  name: string,
  group: string,
  { desiredCount = 0 }: Service,
): Promise<Finding> {
  const what = `${name} targets`;
  const { targets: all, healthy } = await targetHealth(context, group);
  const unhealthy = all.filter(
    ({ TargetHealth }) => !["healthy", "draining"].includes(TargetHealth?.State ?? ""),
  );
  if (unhealthy.length === 0 && healthy >= desiredCount) return passed(what, `${healthy} healthy`);
  const reasons = unhealthy.map(({ TargetHealth: health }) =>
    [health?.State, health?.Reason, health?.Description].filter(Boolean).join(" "),
  );
  return failed(
    what,
    [`${healthy} of ${desiredCount} healthy`, ...reasons].join("; "),
    "The health check's path must answer 200 to the load balancer: look at the service's log and its security group",
  );
}
