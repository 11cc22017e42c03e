/** `left out`: what can't be done now and is tried again at the next run. */
export type Outcome = "changed" | "as it was" | "left out";

/** Tells whoever reads the log what was done, a line each. */
export interface Report {
  changed(what: string): void;
  asItWas(what: string): void;
  leftOut(what: string): void;
}

const WIDTH = "as it was".length;

export function createReport(write: (line: string) => void): Report {
  const line = (outcome: Outcome) => (what: string) => write(`${outcome.padEnd(WIDTH)}  ${what}`);
  return { changed: line("changed"), asItWas: line("as it was"), leftOut: line("left out") };
}
