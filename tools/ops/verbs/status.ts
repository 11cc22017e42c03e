import { paginateDescribeAlarms } from "@aws-sdk/client-cloudwatch";
import type { Service } from "@aws-sdk/client-ecs";
import { MARKER } from "../../../shared/deployment-marker.ts";
import { EXIT } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import type { ServiceOutput } from "../outputs.ts";
import { describeServices, imageOf, revisionOf, STABLE, targetHealth, unstableReason } from "../services.ts";
import type { Verb } from "../verb.ts";

export const status: Verb = ({ verb, run }) =>
  verb("status", "show what runs: tasks, versions, healthy targets, last events, alarms that are on").action(
    (environment, options) => run(environment, options, showStatus),
  );

async function showStatus(context: Context): Promise<number> {
  const outputs = await context.outputs();
  const names = Object.values(outputs.services).map(({ name }) => name);
  const running = await describeServices(context, outputs.cluster, names);
  const rows = await Promise.all(
    Object.entries(outputs.services).map(async ([part, service]) => ({
      part,
      ...(await row(context, service, running.get(service.name))),
    })),
  );
  const alarms = await alarmsOn(context);
  const { report } = context;
  report.table([
    ["SERVICE", "TASKS", "STATE", "DEFINITION", "IMAGE", "HEALTHY"],
    ...rows.map((row) => [row.part, row.tasks, row.state, row.definition, row.image, row.healthy]),
  ]);
  for (const { part, event } of rows) if (event) report.line(`${part}: ${event}`);
  for (const { name, reason } of alarms) report.line(`ALARM ${name}: ${reason}`);
  if (alarms.length === 0) report.line("no alarm is on");
  report.result({ release: outputs.release, services: rows, alarms });
  return rows.every(({ state }) => state === STABLE) && alarms.length === 0 ? EXIT.ok : EXIT.failed;
}

async function row(context: Context, service: ServiceOutput, running: Service | undefined) {
  const group = service.target_group;
  if (!running)
    return { tasks: "0/0", state: "missing", definition: "", image: "", healthy: "", event: undefined };
  const health = group && (await targetHealth(context, group));
  const [event] = running.events ?? [];
  return {
    tasks: `${running.runningCount}/${running.desiredCount}`,
    state: unstableReason(running) ?? STABLE,
    definition: revisionOf(running.taskDefinition),
    image: await imageOf(context, running.taskDefinition, service.container),
    healthy: health ? `${health.healthy}/${health.targets.length}` : "",
    event: event && `${event.createdAt?.toISOString() ?? ""} ${event.message ?? ""}`.trim(),
  };
}

/** Alarms of the chat that are on, those of what people feel first. */
async function alarmsOn({ aws, environment }: Context) {
  const pages = paginateDescribeAlarms(
    { client: aws.cloudwatch },
    {
      AlarmNamePrefix: `${environment.project}-chat-`,
      AlarmTypes: ["CompositeAlarm", "MetricAlarm"],
      StateValue: "ALARM",
    },
  );
  const composite: { name: string; reason: string }[] = [];
  const metric: typeof composite = [];
  for await (const page of pages)
    for (const [found, alarms] of [
      [page.CompositeAlarms, composite],
      [page.MetricAlarms, metric],
    ] as const)
      for (const { AlarmName: name = "", StateReason: reason = "" } of found ?? [])
        alarms.push({ name, reason });
  const marker = `${environment.project}-chat-${MARKER.alarm}`;
  return [...composite, ...metric].filter(({ name }) => name !== marker);
}
