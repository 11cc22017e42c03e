import { DescribeAlarmsCommand } from "@aws-sdk/client-cloudwatch";
import { DescribeTaskDefinitionCommand, type Service } from "@aws-sdk/client-ecs";
import { DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Context } from "../context.ts";
import type { ServiceOutput } from "../outputs.ts";
import { EXIT } from "../problem.ts";
import { describeServices, revisionOf, unsettled } from "../services.ts";
import type { Verb } from "../verb.ts";

export const status: Verb = {
  name: "status",
  summary: "show what runs: tasks, versions, healthy targets, last events, alarms that are on",
  async run(context) {
    const outputs = await context.outputs();
    const names = Object.values(outputs.services).map(({ name }) => name);
    const live = await describeServices(context, outputs.cluster, names);
    const rows = await Promise.all(
      Object.entries(outputs.services).map(async ([part, wanted]) => ({
        part,
        ...(await row(context, wanted, live.get(wanted.name))),
      })),
    );
    const alarms = await alarmsOn(context);
    const { report } = context;
    report.table([
      ["SERVICE", "TASKS", "STATE", "DEFINITION", "IMAGE", "HEALTHY"],
      ...rows.map(({ part, tasks, state, definition, image, healthy }) => [
        part,
        tasks,
        state,
        definition,
        image,
        healthy,
      ]),
    ]);
    for (const { part, event } of rows) if (event) report.line(`${part}: ${event}`);
    for (const { name, reason } of alarms) report.line(`ALARM ${name}: ${reason}`);
    if (alarms.length === 0) report.line("no alarm is on");
    report.result({ release: outputs.release, services: rows, alarms });
    return rows.every(({ state }) => state === "settled") && alarms.length === 0 ? EXIT.ok : EXIT.failed;
  },
};

async function row(context: Context, wanted: ServiceOutput, live: Service | undefined) {
  if (!live)
    return { tasks: "0/0", state: "missing", definition: "", image: "", healthy: "", event: undefined };
  const { taskDefinition } = await context.aws.ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition: live.taskDefinition }),
  );
  const image =
    taskDefinition?.containerDefinitions?.find(({ name }) => name === wanted.container)?.image ?? "";
  const { TargetHealthDescriptions: targets = [] } = wanted.target_group
    ? await context.aws.elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: wanted.target_group }))
    : {};
  const healthy = targets.filter(({ TargetHealth }) => TargetHealth?.State === "healthy").length;
  const [event] = live.events ?? [];
  return {
    tasks: `${live.runningCount}/${live.desiredCount}`,
    state: unsettled(live) ?? "settled",
    definition: revisionOf(live.taskDefinition),
    image,
    healthy: wanted.target_group ? `${healthy}/${targets.length}` : "",
    event: event && `${event.createdAt?.toISOString() ?? ""} ${event.message ?? ""}`.trim(),
  };
}

/** Alarms of this project that are on. */
async function alarmsOn({ aws, environment }: Context) {
  const alarms: { name: string; reason: string }[] = [];
  let NextToken: string | undefined;
  do {
    const page = await aws.cloudwatch.send(
      new DescribeAlarmsCommand({
        AlarmNamePrefix: `${environment.project}-`,
        StateValue: "ALARM",
        ...(NextToken && { NextToken }),
      }),
    );
    for (const { AlarmName = "", StateReason = "" } of page.MetricAlarms ?? [])
      alarms.push({ name: AlarmName, reason: StateReason });
    NextToken = page.NextToken;
  } while (NextToken);
  return alarms;
}
