import type { Calculated } from "./alarm-definition.ts";
import type { Metric, Statistic } from "./metrics.ts";

/** Columns of CloudWatch's grid. */
export const COLUMNS = 24;

/** A line of a graph: one metric, metric math, or every metric that a search finds. */
export type Line =
  | { readonly metric: Metric; readonly statistic: Statistic; readonly label: string }
  | { readonly calculated: Calculated; readonly label: string }
  | { readonly search: string; readonly label: string };

/** A widget without its position. */
export type Content =
  | { readonly type: "text"; readonly markdown: string }
  | {
      readonly type: "alarm";
      readonly title: string;
      readonly alarmArns: readonly string[];
      /** Hides alarms that are OK. @default - all are shown, those that are on first */
      readonly hideOk?: boolean;
    }
  | {
      readonly type: "metric";
      readonly title: string;
      /** Label of the axis. */
      readonly unit: string;
      readonly lines: readonly Line[];
      /** Horizontal line, such as an alarm's threshold. @default - none */
      readonly limit?: { readonly label: string; readonly value: number };
      /** Metric that is 1 while we deploy, in grey. @default - not shown */
      readonly deployments?: Metric;
    };

export interface Row {
  /** In rows of the grid. */
  readonly height: number;
  readonly contents: readonly Content[];
}

/** A widget of CloudWatch's dashboard body. */
interface Widget {
  readonly type: Content["type"];
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: Readonly<Record<string, unknown>>;
}

export interface DashboardBody {
  readonly widgets: readonly Widget[];
}

/** Places rows below one another, and the widgets of a row side by side over the whole width. */
export function layOut(rows: readonly Row[], region: string): DashboardBody {
  let y = 0;
  const widgets: Widget[] = [];
  for (const { height, contents } of rows) {
    const width = Math.floor(COLUMNS / contents.length);
    contents.forEach((content, index) => {
      widgets.push({
        type: content.type,
        x: index * width,
        y,
        width,
        height,
        properties: properties(content, region),
      });
    });
    y += height;
  }
  return { widgets };
}

function properties(content: Content, region: string): Widget["properties"] {
  switch (content.type) {
    case "text":
      return { markdown: content.markdown };
    case "alarm":
      return {
        title: content.title,
        alarms: content.alarmArns,
        sortBy: "stateUpdatedTimestamp",
        ...(content.hideOk && { states: ["ALARM", "INSUFFICIENT_DATA"] }),
      };
    case "metric":
      return {
        title: content.title,
        view: "timeSeries",
        region,
        period: 300,
        metrics: [
          ...content.lines.flatMap(rows),
          ...(content.deployments ? [deploymentRow(content.deployments)] : []),
        ],
        yAxis: {
          left: { min: 0, label: content.unit, showUnits: false },
          // Far above 1, so that a deployment is a low bar at the bottom.
          ...(content.deployments && { right: { min: 0, max: 8, showUnits: false } }),
        },
        ...(content.limit && { annotations: { horizontal: [content.limit] } }),
      };
  }
}

/** The rows of one line; the metrics of metric math are rows that are not shown. */
function rows(line: Line, index: number): unknown[][] {
  if ("search" in line) return [[{ expression: line.search, label: line.label }]];
  if ("metric" in line) return [[...named(line.metric), { stat: line.statistic, label: line.label }]];
  const { metrics, expressions } = line.calculated;
  const ids = new Map(
    [...Object.keys(metrics), ...Object.keys(expressions)].map((id) => [id, `${id}_${index}`]),
  );
  const own = (expression: string) => expression.replaceAll(/[a-z]\w*/g, (id) => ids.get(id) ?? id);
  const last = Object.keys(expressions).at(-1);
  return [
    ...Object.entries(metrics).map(([id, { metric, statistic }]) => [
      ...named(metric),
      { stat: statistic, id: ids.get(id), label: id, visible: false },
    ]),
    ...Object.entries(expressions).map(([id, expression]) => [
      {
        expression: own(expression),
        id: ids.get(id),
        label: id === last ? line.label : id,
        ...(id !== last && { visible: false }),
      },
    ]),
  ];
}

const named = ({ namespace, name, dimensions }: Metric) => [
  namespace,
  name,
  ...Object.entries(dimensions).flat(),
];

const deploymentRow = (metric: Metric) => [
  ...named(metric),
  { stat: "Maximum", label: "we deploy", yAxis: "right", color: "#7f7f7f" },
];
