import { Token } from "cdktf";
import * as z from "zod";
import { catalog } from "../../mcp-server/tools/catalog.ts";
import { Template } from "../../stacks/chat/template.ts";
import { Dashboard } from "../../stacks/monitoring/dashboard.ts";
import { type Metric, STATES } from "../cloudwatch/metric-alarm.ts";
import { metricMath } from "../cloudwatch/metric-math.ts";
import { alarmStates } from "../cloudwatch/notifications.ts";
import type { Series, Statistic, Values } from "../cloudwatch/series.ts";
import { shortName, stackAlarms, statistic, thresholdsOfDatabase } from "../cloudwatch/stack-alarms.ts";
import { type Change, DAY, type Event, HOUR, happenings, traffic } from "../cloudwatch/traffic.ts";
import { type DrawnAlarm, type DrawnLine, type DrawnWidget, dashboardSvg } from "./dashboard-svg.ts";

export const DASHBOARD_PICTURE = "docs/dashboard.svg";

/** Minutes: 14:20, when two days have passed and alarms know of last night's backup. */
const NOW = 2 * DAY + 14 * HOUR + 20;
/** Minutes that the dashboard shows, as CloudWatch does first, and of one point. */
const [SHOWN, PERIOD] = [3 * HOUR, 5];

const BROKEN_FOR = 38;
/** We deployed an hour ago, and a quarter of what people send on A has failed for half an hour; agents are on B. */
const story: readonly Event[] = [
  ...happenings.deployment(NOW - 60),
  ...happenings.sendsFail(NOW - BROKEN_FOR, BROKEN_FOR, 0.3),
  {
    from: NOW - BROKEN_FOR,
    to: NOW,
    changes: [
      [/SynapseSendSeconds$/, (usual) => 4 * usual],
      [/SynapseErrors$|HTTPCode_Target_5XX_Count .*synapse_homeserver/, (_, minute) => 4 + (minute % 3)],
    ],
  },
  {
    from: 0,
    to: NOW,
    changes: [
      [/McpServer \w+ \w+ synapse$/, () => Number.NaN],
      ...catalog.flatMap(({ name }, index): Change[] => [
        [new RegExp(`McpServer Calls ${name} `), (usual) => usual / (index + 1)],
        [new RegExp(`McpServer Latency ${name} `), (usual) => usual * (1 + index / 4)],
      ]),
    ],
  },
];

const options = z.object({
  label: z.string(),
  stat: statistic.optional(),
  id: z.string().optional(),
  expression: z.string().optional(),
  visible: z.boolean().default(true),
  yAxis: z.enum(["left", "right"]).default("left"),
  color: z.string().optional(),
});
const row = z.array(z.union([z.string(), options]));
const position = { x: z.number(), y: z.number(), width: z.number(), height: z.number() };
const widgetSchema = z.discriminatedUnion("type", [
  z.object({ ...position, type: z.literal("text"), properties: z.object({ markdown: z.string() }) }),
  z.object({
    ...position,
    type: z.literal("alarm"),
    properties: z.object({
      title: z.string(),
      alarms: z.array(z.string()),
      states: z.array(z.enum(STATES)).default([...STATES]),
      sortBy: z.enum(["default", "stateUpdatedTimestamp"]).default("default"),
    }),
  }),
  z.object({
    ...position,
    type: z.literal("metric"),
    properties: z.object({
      title: z.string(),
      metrics: z.array(row),
      yAxis: z.object({
        left: z.object({ label: z.string() }),
        right: z.object({ max: z.number() }).optional(),
      }),
      annotations: z
        .object({ horizontal: z.array(z.object({ label: z.string(), value: z.number() })) })
        .optional(),
    }),
  }),
]);
type Widget = z.infer<typeof widgetSchema>;

/** The dashboard of development with made-up metrics, and the states that its alarms have by them. */
export function dashboardPicture(): string {
  const template = new Template();
  const dashboard = template.stack.node.findAll().find((node) => node instanceof Dashboard);
  if (!dashboard) throw new Error("the stack has no dashboard");
  const series = traffic(NOW, story);
  const states = alarmStates(stackAlarms(template, thresholdsOfDatabase), series, NOW);
  const alarm = (arn: string): DrawnAlarm => {
    const name = String(template.resource(/aws_cloudwatch_\w+\.\w+/.exec(arn)?.[0] ?? arn).alarm_name);
    const state = STATES[states.get(shortName(name))?.at(-1) ?? -1];
    if (!state) throw new Error(`nothing evaluates the alarm ${name}`);
    return { name, state };
  };
  const widgets = dashboard.body.widgets.map((widget) =>
    drawn(widgetSchema.parse(known(template, widget)), series, alarm),
  );
  return dashboardSvg({
    title: "The dashboard of development, with made-up data: three hours until 14:20",
    widgets,
    times: ends.map((end) => (end + 1 - PERIOD) % DAY),
  });
}

/** The last minute of each point. */
const ends = Array.from({ length: SHOWN / PERIOD }, (_, index) => NOW - 1 - SHOWN + PERIOD * (index + 1));

/** A value of the dashboard's body with references in Terraform's words, and what only Terraform can compute made up. */
function known(template: Template, value: unknown): unknown {
  if (typeof value === "string") return template.resolve(value);
  // The only number that Terraform computes.
  if (typeof value === "number" && Token.isUnresolved(value))
    return thresholdsOfDatabase["database-connections"];
  if (Array.isArray(value)) return value.map((each) => known(template, each));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, known(template, each)]));
  return value;
}

type SeriesOf = (metric: Metric) => Series;

function drawn(widget: Widget, series: SeriesOf, alarm: (arn: string) => DrawnAlarm): DrawnWidget {
  const { x, y, width, height } = widget;
  const place = { x, y, width, height };
  switch (widget.type) {
    case "text":
      return { ...place, type: "text", markdown: widget.properties.markdown };
    case "alarm": {
      const { title, alarms, states, sortBy } = widget.properties;
      const shown = alarms.map(alarm).filter(({ state }) => states.includes(state));
      shown.sort((a, b) => (a.name < b.name ? -1 : 1));
      if (sortBy === "stateUpdatedTimestamp") shown.sort((a, b) => urgency(a) - urgency(b));
      return { ...place, type: "alarm", title, alarms: shown };
    }
    case "metric": {
      const { title, metrics, yAxis, annotations } = widget.properties;
      return {
        ...place,
        type: "metric",
        title,
        unit: yAxis.left.label,
        lines: linesOf(metrics, series),
        limits: annotations?.horizontal ?? [],
        right: yAxis.right?.max,
      };
    }
  }
}

const urgency = ({ state }: DrawnAlarm) => ["ALARM", "INSUFFICIENT_DATA", "OK"].indexOf(state);

/** The visible lines of a graph, with the values that CloudWatch would draw. */
function linesOf(rows: readonly z.infer<typeof row>[], series: SeriesOf): DrawnLine[] {
  const values: Record<string, Values> = {};
  return rows.flatMap((cells): DrawnLine[] => {
    const { label, stat, id, expression, visible, yAxis, color } = options.parse(cells.at(-1));
    const line = (name: string, own: Values): DrawnLine => ({
      label: name,
      color,
      axis: yAxis,
      values: ends.map((end) => (typeof own === "number" ? own : (own[end] ?? Number.NaN))),
    });
    if (expression?.startsWith("SEARCH("))
      return found(expression).map(({ name, metric, of }) => line(name, points(series(metric), of)));
    const own =
      expression === undefined
        ? points(series(named(cells.slice(0, -1).map(String))), statistic.parse(stat))
        : metricMath(expression, values);
    if (id !== undefined) values[id] = own;
    return visible ? [line(label, own)] : [];
  });
}

/** Here a percentile is the highest value of a window; the median is nearer to the average. */
const points = (series: Series, of: Statistic): Values =>
  series.windows(of === "p50" ? "Average" : of, PERIOD);

function named([namespace = "", name = "", ...dimensions]: readonly string[]): Metric {
  const pairs = dimensions.flatMap((key, index) => (index % 2 ? [] : [[key, dimensions[index + 1] ?? ""]]));
  return { namespace, name, dimensions: Object.fromEntries(pairs) };
}

/** The metrics of every tool that a search finds. */
function found(search: string): { name: string; metric: Metric; of: Statistic }[] {
  const [, namespace = "", tool = "", backend = "", value = "", name = "", of] =
    /^SEARCH\('\{([^,]+),(\w+),(\w+)\} \w+="(\w+)" MetricName="(\w+)"', '(\w+)'\)$/.exec(search) ?? [];
  return catalog.map((one) => ({
    name: one.name,
    metric: { namespace, name, dimensions: { [tool]: one.name, [backend]: value } },
    of: statistic.parse(of),
  }));
}
