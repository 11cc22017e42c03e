import type { Unit } from "./figures.ts";
import type { Interval, Spread } from "./statistics.ts";

/** Escapes text for HTML, attributes included. */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** Three significant digits below a thousand, whole numbers above. */
export function significant(value: number): string {
  const size = Math.abs(value);
  const digits = size === 0 || size >= 100 ? 0 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  return value
    .toLocaleString("en-GB", { minimumFractionDigits: digits, maximumFractionDigits: digits })
    .replace("-", "\u2212");
}

const units: Readonly<Record<Unit, (value: string) => string>> = {
  ms: (value) => `${value}\u00a0ms`,
  perSecond: (value) => `${value}/s`,
  percent: (value) => `${value}\u00a0%`,
  count: (value) => value,
  kB: (value) => `${value}\u00a0kB`,
  MiB: (value) => `${value}\u00a0MiB`,
  usd: (value) => `$${value}`,
};

export const withUnit = (value: number, unit: Unit): string => units[unit](significant(value));

/** The label of a tick: a round number without trailing zeros. */
export const tickText = (value: number, unit: Unit): string =>
  units[unit](value.toLocaleString("en-GB", { maximumSignificantDigits: 6 }));

/** The median of the runs, with minimum and maximum in brackets. */
export function spreadText(spread: Spread | undefined, unit: Unit): string {
  if (!spread) return "\u2013";
  const { median, min, max, runs } = spread;
  if (runs === 1 || min === max) return withUnit(median, unit);
  return `${withUnit(median, unit)} (${significant(min)}\u2013${significant(max)})`;
}

export const intervalText = ({ estimate, low, high }: Interval, unit: Unit): string =>
  `${withUnit(estimate, unit)} [${significant(low)}, ${significant(high)}]`;
