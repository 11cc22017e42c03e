/** Years that every backend stores and every client reads. */
const FIRST = Date.parse("1970-01-01T00:00:00Z");
const LAST = Date.parse("9999-12-31T23:59:59.999Z");
const MAX_OFFSET_MINUTES = 14 * 60;

const FORM =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d)(?::?([0-5]\d))?)$/i;

/** A parsed time, in UTC with milliseconds, or what is wrong with the text. */
export type ParsedTime = { readonly utc: string } | { readonly problem: string };

/** Reads ISO 8601 with an offset; seconds may be left out. */
export function parseTime(text: string): ParsedTime {
  const match = FORM.exec(text);
  if (!match) return { problem: "must be ISO 8601 with an offset, such as 2030-01-31T12:00:00Z" };
  const [, year, month, day, hour, minute, second = "0", fraction = "", sign, hours = "0", minutes = "0"] =
    match;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // Date.UTC reads the years 0 to 99 as 1900 to 1999; all of them are out of range anyway.
  date.setUTCFullYear(Number(year));
  if (date.getUTCMonth() + 1 !== Number(month) || date.getUTCDate() !== Number(day))
    return { problem: "names a day that the calendar lacks" };
  const offset = (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -1 : 1);
  if (Math.abs(offset) > MAX_OFFSET_MINUTES)
    return { problem: "has an offset beyond ±14:00, which no place uses" };
  const at =
    date.getTime() +
    ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1000 +
    Number(fraction.padEnd(3, "0").slice(0, 3));
  if (at < FIRST || at > LAST) return { problem: "must lie in the years 1970 to 9999, in UTC" };
  return { utc: new Date(at).toISOString() };
}

/** Milliseconds since 1970 as ISO 8601; the nearest time that can be written so, if it is out of range. */
export const isoTime = (milliseconds: number): string =>
  new Date(Number.isNaN(milliseconds) ? LAST : Math.min(Math.max(milliseconds, FIRST), LAST)).toISOString();

/** `2026-01-31T12:00:00.123456Z` without the fraction. */
export const seconds = (time: string): string => (time.length > 20 ? `${time.slice(0, 19)}Z` : time);
