import type { Outcome, StepReport } from "../../shared/step-report.ts";

const WIDTH = "unchanged".length;

/** Writes a log line for each step. */
export function createReport(write: (line: string) => void): StepReport {
  const line = (outcome: Outcome) => (what: string) => write(`${outcome.padEnd(WIDTH)}  ${what}`);
  return {
    changed: line("changed"),
    unchanged: line("unchanged"),
    skipped: line("skipped"),
    refused: line("refused"),
  };
}
