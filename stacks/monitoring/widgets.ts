import type { Metric, Statistic } from "./metrics.ts";

/** Columns of CloudWatch's grid. */
export const COLUMNS = 24;

/** A line of a graph: one metric, or every metric that a search finds. */
export type Line =
  | { readonly metric: Metric; readonly statistic: Statistic; readonly label: string }
  | { readonly search: string; readonly label: string };

/** A widget without its position. */
export type Content =
  | { readonly type: "text"; readonly markdown: string }
  | { readonly type: "alarm"; readonly title: string; readonly alarmArns: readonly string[] }
  | {
      readonly type: "metric";
      readonly title: string;
      /** Label of the axis. */
      readonly unit: string;
      readonly lines: readonly Line[];
      /** Horizontal line, such as an alarm's threshold. @default - none */
      readonly limit?: { readonly label: string; readonly value: number };
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
      return { title: content.title, alarms: content.alarmArns };
    case "metric":
      return {
        title: content.title,
        view: "timeSeries",
        region,
        period: 300,
        metrics: content.lines.map(line),
        yAxis: { left: { min: 0, label: content.unit, showUnits: false } },
        ...(content.limit && { annotations: { horizontal: [content.limit] } }),
      };
  }
}

function line(line: Line): unknown[] {
  if ("search" in line) return [{ expression: line.search, label: line.label }];
  const { namespace, name, dimensions } = line.metric;
  return [namespace, name, ...Object.entries(dimensions).flat(), { stat: line.statistic, label: line.label }];
}
