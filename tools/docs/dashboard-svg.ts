import { COLUMNS } from "../../stacks/monitoring/widgets.ts";
import { escapeHtml } from "../ab/format.ts";
import { linearScale, type Scale } from "../ab/plots.ts";
import type { STATES } from "../cloudwatch/metric-alarm.ts";
import { fitted, textWidth, wrapped } from "./svg-text.ts";

/** A line of a graph, with a value for each point in time; NaN where there is none. */
export interface DrawnLine {
  readonly label: string;
  readonly color: string | undefined;
  readonly axis: "left" | "right";
  readonly values: readonly number[];
}

export interface DrawnAlarm {
  readonly name: string;
  readonly state: (typeof STATES)[number];
}

/** A widget with what it shows. */
export type DrawnWidget = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
} & (
  | { readonly type: "text"; readonly markdown: string }
  | { readonly type: "alarm"; readonly title: string; readonly alarms: readonly DrawnAlarm[] }
  | {
      readonly type: "metric";
      readonly title: string;
      readonly unit: string;
      readonly lines: readonly DrawnLine[];
      readonly limits: readonly { readonly label: string; readonly value: number }[];
      /** Upper end of the right axis. `undefined` if there is none. */
      readonly right: number | undefined;
    }
);

export interface Drawing {
  readonly title: string;
  readonly widgets: readonly DrawnWidget[];
  /** Minutes of the day, one for each value of a line. */
  readonly times: readonly number[];
}

/** Pixels of a column and a row of CloudWatch's grid, and between two widgets. */
const [COLUMN, ROW, GAP] = [50, 44, 8];
const TOP = 40;
const colors = "1f77b4 ff7f0e 2ca02c d62728 9467bd 8c564b e377c2 7f7f7f bcbd22 17becf".split(" ");
const SMALL = 11;

const style = `text{font:12px Helvetica,Arial,sans-serif;fill:#16191f}
.card,.OK{fill:#fff;stroke:#d5dbdb}.ALARM{fill:#d13212}.INSUFFICIENT_DATA{fill:#d5dbdb}.on{fill:#fff}
.title{font-size:14px;font-weight:bold}.h1{font-size:20px;font-weight:bold}.h2{font-size:17px;font-weight:bold}
.small{font-size:${SMALL}px;fill:#545b64}.link{fill:#0972d3}.code{font-family:Menlo,Consolas,monospace}
.grid{stroke:#e4e8e8}.limit{stroke:#d13212;stroke-dasharray:5 3}.limited{font-size:${SMALL}px;fill:#d13212}
.line{fill:none;stroke-width:1.6;stroke-linejoin:round;stroke-linecap:round}`;

/** The dashboard as CloudWatch lays it out. */
export function dashboardSvg({ title, widgets, times }: Drawing): string {
  const width = COLUMNS * COLUMN;
  const height = TOP + ROW * Math.max(...widgets.map((widget) => widget.y + widget.height)) + GAP;
  const drawn = widgets.map((widget) => {
    const [w, h] = [widget.width * COLUMN - GAP, widget.height * ROW - GAP];
    const place = `${widget.x * COLUMN + GAP / 2} ${TOP + widget.y * ROW + GAP / 2}`;
    return `<g transform="translate(${place})"><rect class="card" width="${w}" height="${h}" rx="6"/>${content(widget, w, h, times)}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
<rect width="${width}" height="${height}" fill="#f2f3f3"/>
${text(GAP, 26, "title", title)}
${drawn.join("\n")}
</svg>
`;
}

function content(widget: DrawnWidget, w: number, h: number, times: readonly number[]): string {
  switch (widget.type) {
    case "text":
      return paragraphs(widget.markdown, w);
    case "alarm":
      return heading(widget.title, w) + alarmCells(widget.alarms, w, h);
    case "metric":
      return heading(widget.title, w) + graph(widget, w, h, times);
  }
}

const text = (x: number, y: number, kind: string, words: string, anchor = "start") =>
  `<text x="${round(x)}" y="${round(y)}"${kind && ` class="${kind}"`}${anchor === "start" ? "" : ` text-anchor="${anchor}"`}>${escapeHtml(words)}</text>`;

const heading = (title: string, w: number) => text(12, 22, "title", fitted(title, 14, w - 24));

const sizes = { h1: 20, h2: 17, "": 12 } as const;

/** The part of Markdown that the dashboard is written in: headings, links and code, none of which holds a space. */
function paragraphs(markdown: string, w: number): string {
  let y = 6;
  return markdown
    .split("\n")
    .flatMap((paragraph) => {
      const level = /^#*/.exec(paragraph)?.[0].length ?? 0;
      const kind = level === 1 ? "h1" : level === 2 ? "h2" : "";
      const size = sizes[kind];
      const visible = (word: string) => word.replace(/\[(.*)\]\(.*\)/, "$1").replaceAll("`", "");
      const words = paragraph.replace(/^#+ /, "").split(" ");
      return wrapped(words, (word) => textWidth(`${visible(word)} `, size), w - 24).map((line) => {
        y += size + 8;
        const spans = line.map((word) => {
          const mark = /\]\(/.test(word) ? "link" : /`/.test(word) ? "code" : "";
          const shown = escapeHtml(visible(word));
          return mark ? `<tspan class="${mark}">${shown}</tspan>` : shown;
        });
        return `<text x="12" y="${y}"${kind && ` class="${kind}"`}>${spans.join(" ")}</text>`;
      });
    })
    .join("");
}

/** A cell for each alarm; those for which there is no room are counted. */
function alarmCells(alarms: readonly DrawnAlarm[], w: number, h: number): string {
  const [columns, step] = [Math.max(1, Math.floor((w - 16) / 230)), 30];
  const width = (w - 16) / columns;
  const rows = Math.floor((h - 36) / step);
  const shown = alarms.slice(0, rows * columns);
  const left = alarms.length - shown.length;
  const cells = shown.map(({ name, state }, index) => {
    const [x, y] = [8 + (index % columns) * width, 34 + Math.floor(index / columns) * step];
    const label = text(x + 10, y + 17, state === "ALARM" ? "on" : "", fitted(name, 12, width - 24));
    return `<rect class="${state}" x="${round(x)}" y="${y}" width="${round(width - 6)}" height="${step - 5}" rx="3"/>${label}`;
  });
  return cells.join("") + (left > 0 ? text(w - 12, 22, "small", `${left} more below`, "end") : "");
}

type Graph = Extract<DrawnWidget, { type: "metric" }>;

function graph(
  { lines, limits, unit, right: most }: Graph,
  w: number,
  h: number,
  times: readonly number[],
): string {
  const colored = lines.map((line, index) => ({
    ...line,
    color: line.color ?? `#${colors[index % colors.length]}`,
  }));
  const key = legend(colored, w);
  const [top, bottom] = [52, h - 30 - key.height];
  const [from, to] = [48, w - (most === undefined ? 14 : 30)];
  const first = times[0] ?? 0;
  const last = times.at(-1) ?? 1;
  const across = (time: number) => round(from + ((to - from) * (time - first)) / (last - first));
  const values = colored.flatMap((line) => (line.axis === "left" ? line.values : []));
  const left = linearScale([...values, ...limits.map(({ value }) => value)], bottom, top);
  const right = most === undefined ? undefined : linearScale([most], bottom, top);

  const every = w < 320 ? 60 : 30;
  const hours = Array.from({ length: 48 }, (_, half) => half * 30).filter(
    (time) => time % every === 0 && time >= first && time <= last,
  );
  return [
    text(12, 40, "small", unit),
    ...ticks(left).map(
      ([y, label]) =>
        `<path class="grid" d="M${from} ${y}H${to}"/>${text(from - 6, y + 4, "small", label, "end")}`,
    ),
    ...(right ? ticks(right).map(([y, label]) => text(to + 6, y + 4, "small", label)) : []),
    ...hours.map((time) => text(across(time), bottom + 17, "small", clock(time), "middle")),
    ...colored.map(({ axis, color, values }) => {
      const { place } = axis === "right" && right ? right : left;
      return `<path class="line" stroke="${color}" d="${path(values, (index) => across(times[index] ?? 0), place)}"/>`;
    }),
    ...limits.map(({ label, value }) => {
      const y = round(left.place(value));
      return `<path class="limit" d="M${from} ${y}H${to}"/>${text(to, y - 4, "limited", label, "end")}`;
    }),
    lines.some((line) => line.values.some(Number.isFinite))
      ? ""
      : text((from + to) / 2, (top + bottom) / 2, "small", "no data", "middle"),
    `<g transform="translate(0 ${h - 6 - key.height})">${key.drawn}</g>`,
  ].join("");
}

const ticks = ({ place, ticks }: Scale): [y: number, label: string][] =>
  ticks.map((tick) => [round(place(tick)), short(tick)]);

/** Interrupted where values are missing; a lone value is a dot. */
function path(values: readonly number[], x: (index: number) => number, y: (value: number) => number): string {
  let drawing = false;
  return values
    .map((value, index) => {
      const starts = !drawing;
      drawing = Number.isFinite(value);
      if (!drawing) return "";
      const point = `${x(index)} ${round(y(value))}`;
      return starts ? `M${point}h0` : `L${point}`;
    })
    .join("");
}

const [LEGEND_LINE, LEGEND_LINES] = [16, 5];

/** The names of the lines below a graph, in at most five lines. CloudWatch scrolls to the rest, which is counted here. */
function legend(lines: readonly { readonly label: string; readonly color: string }[], w: number) {
  let [x, row] = [12, 0];
  const places = lines.map(({ label, color }) => {
    const shown = fitted(label, SMALL, w - 50);
    const width = 16 + textWidth(shown, SMALL) + 12;
    if (x > 12 && x + width > w) {
      x = 12;
      row++;
    }
    const place = { x, row, shown, color };
    x += width;
    return place;
  });
  const visible = places.filter((place) => place.row < LEGEND_LINES);
  const left = places.length - visible.length;
  const rows = Math.min(row + 1, LEGEND_LINES + 1);
  return {
    height: rows * LEGEND_LINE,
    drawn:
      visible
        .map(
          (place) =>
            `<rect x="${round(place.x)}" y="${place.row * LEGEND_LINE + 2}" width="10" height="10" rx="2" fill="${place.color}"/>${text(place.x + 15, place.row * LEGEND_LINE + 11, "small", place.shown)}`,
        )
        .join("") +
      (left > 0 ? text(12, LEGEND_LINES * LEGEND_LINE + 11, "small", `${left} more below`) : ""),
  };
}

/** A number as CloudWatch writes it at an axis: 20G, 1.5k. */
function short(value: number): string {
  const [unit, size] = (
    [
      ["G", 1e9],
      ["M", 1e6],
      ["k", 1e3],
    ] as const
  ).find(([, least]) => value >= least) ?? ["", 1];
  return `${Number((value / size).toPrecision(4))}${unit}`;
}

const clock = (minutes: number) =>
  [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, "0")).join(":");

const round = (value: number) => Number(value.toFixed(1));
