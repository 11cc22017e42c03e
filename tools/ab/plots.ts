import type { Unit } from "./figures.ts";
import { escapeHtml, tickText, withUnit } from "./format.ts";
import type { SideKey } from "./side.ts";
import { median } from "./statistics.ts";

/** Shapes besides colours, so that the sides are distinct without colour vision. */
const shapes: Readonly<Record<SideKey, (x: number, y: number) => string>> = {
  A: (x, y) => `<circle cx="${x}" cy="${y}" r="4.5"/>`,
  B: (x, y) => `<path d="M${x} ${y - 6}l6 6l-6 6l-6 -6z"/>`,
  C: (x, y) => `<rect x="${x - 4}" y="${y - 4}" width="8" height="8"/>`,
};

export const mark = (side: SideKey): string =>
  `<svg class="mark" viewBox="0 0 16 16" aria-hidden="true"><g class="side-${side}">${shapes[side](8, 8)}</g></svg>`;

export interface Scale {
  readonly place: (value: number) => number;
  readonly ticks: readonly number[];
}

/** A logarithmic axis from minimum to maximum, with ticks at 1, 2 and 5 of each decade. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const positive = values.filter((value) => value > 0);
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  const steps = Array.from({ length: 24 }, (_, n) => n - 9).flatMap((power) =>
    [1, 2, 5].map((step) => Number(`${step}e${power}`)),
  );
  const low = steps.findLast((step) => step <= least) ?? least;
  const high = steps.find((step) => step >= most && step > low) ?? most;
  const place = (value: number) =>
    from + ((to - from) * Math.log(Math.max(value, low) / low)) / Math.log(high / low);
  const within = steps.filter((step) => step >= low && step <= high);
  return {
    place,
    ticks: within.length > 9 ? within.filter((step) => /^1/.test(step.toExponential())) : within,
  };
}

/** A linear axis from zero to the maximum. */
export function linearScale(values: readonly number[], from: number, to: number): Scale {
  const most = Math.max(...values.filter(Number.isFinite), 0) || 1;
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const count = Math.ceil(most / step - 1e-9);
  return {
    place: (value) => from + ((to - from) * value) / (step * count),
    ticks: Array.from({ length: count + 1 }, (_, n) => Number((n * step).toPrecision(12))),
  };
}

export interface Row {
  readonly label: string;
  readonly bySide: ReadonlyMap<SideKey, readonly number[]>;
}

const WIDTH = 760;
const LABELS = 210;
// Half of the last label extends beyond.
const RIGHT = WIDTH - 40;
const LANE = 17;

/** One mark for each run of each side, and a line at the median. Empty without values. */
export function dotPlot(options: {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly unit: Unit;
  readonly scale: "log" | "linear";
}): string {
  const rows = options.rows
    .map(({ label, bySide }) => ({ label, sides: sidesOf(bySide) }))
    .filter(({ sides }) => sides.length > 0);
  const values = rows.flatMap(({ sides }) => sides.flatMap(([, all]) => all));
  if (values.length === 0) return "";
  const scale = (options.scale === "log" ? logScale : linearScale)(values, LABELS + 10, RIGHT);
  let y = 8;
  const drawn = rows.map(({ label, sides }) => {
    const top = y;
    const lanes = sides.map(([side, all], lane) => {
      const middle = top + 10 + lane * LANE;
      const tick = round(scale.place(median(all)));
      const marks = all.map((value) => shapes[side](round(scale.place(value)), middle)).join("");
      const stroke = `<path class="median" d="M${tick} ${middle - 8}v16"/>`;
      return `<g class="side-${side}"><title>${escapeHtml(`${label}, ${side}: ${all.map((value) => withUnit(value, options.unit)).join(", ")}`)}</title>${marks}${stroke}</g>`;
    });
    y += sides.length * LANE + 14;
    const middle = top + 10 + ((sides.length - 1) * LANE) / 2 + 4;
    return `<text x="${LABELS}" y="${middle}" text-anchor="end">${escapeHtml(label)}</text>${lanes.join("")}<path class="rule" d="M${LABELS + 10} ${y - 7}H${RIGHT}"/>`;
  });
  return svg(options.title, y + 22, `${grid(scale, y, options.unit)}${drawn.join("")}`);
}

const sidesOf = (bySide: Row["bySide"]): [SideKey, number[]][] =>
  [...bySide]
    .map(([side, values]): [SideKey, number[]] => [side, values.filter(Number.isFinite)])
    .filter(([, values]) => values.length > 0);

function grid({ place, ticks }: Scale, bottom: number, unit: Unit): string {
  return ticks
    .map((tick) => {
      const x = round(place(tick));
      return `<path class="grid" d="M${x} 4V${bottom - 6}"/><text class="tick" x="${x}" y="${bottom + 10}" text-anchor="middle">${tickText(tick, unit)}</text>`;
    })
    .join("");
}

export interface Curve {
  readonly side: SideKey;
  readonly values: readonly number[];
}

/** Labelled percentiles, from the bottom up: the tail takes as much room as the rest. */
const shares = [25, 50, 75, 90, 95, 99] as const;
const heightOf = (share: number) => -Math.log10(1 - share / 100);

/** Percentiles of latency: one line for each run. Empty without values. */
export function quantilePlot(title: string, curves: readonly Curve[]): string {
  const sorted = curves
    .map(({ side, values }) => ({ side, values: values.toSorted((a, b) => a - b) }))
    .filter(({ values }) => values.length >= 10);
  const all = sorted.flatMap(({ values }) => [values[0] ?? 0, values.at(-1) ?? 0]);
  if (all.length === 0) return "";
  const [top, bottom] = [10, 250];
  const [least, most] = [heightOf(5), heightOf(99.5)];
  const vertical = (share: number) =>
    round(bottom - ((bottom - top) * (heightOf(share) - least)) / (most - least));
  const scale = logScale(all, 90, RIGHT);
  const lines = sorted.map(({ side, values }) => {
    const points = values.flatMap((value, index) => {
      const share = (100 * (index + 0.5)) / values.length;
      return share >= 5 && share <= 99.5 ? [`${round(scale.place(value))} ${vertical(share)}`] : [];
    });
    return `<path class="curve side-${side}" d="M${points.join("L")}"/>`;
  });
  const levels = shares.map(
    (share) =>
      `<path class="rule" d="M90 ${vertical(share)}H${RIGHT}"/><text class="tick" x="82" y="${vertical(share) + 4}" text-anchor="end">${share} %</text>`,
  );
  return svg(title, bottom + 34, `${levels.join("")}${grid(scale, bottom + 12, "ms")}${lines.join("")}`);
}

const svg = (title: string, height: number, body: string) =>
  `<svg class="plot" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeHtml(title)}">${body}</svg>`;

const round = (value: number) => Number(value.toFixed(1));
