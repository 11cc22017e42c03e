/** `skipped`: cannot be done now; the next run tries again. */
export type Outcome = "changed" | "unchanged" | "skipped";

/** Writes a log line for each step. */
export interface Report {
  changed(what: string): void;
  unchanged(what: string): void;
  skipped(what: string): void;
}

const WIDTH = "unchanged".length;

export function createReport(write: (line: string) => void): Report {
  const line = (outcome: Outcome) => (what: string) => write(`${outcome.padEnd(WIDTH)}  ${what}`);
  return { changed: line("changed"), unchanged: line("unchanged"), skipped: line("skipped") };
}
