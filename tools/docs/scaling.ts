import { readFileSync } from "node:fs";
import { readMeasurements } from "../bench/measurements.ts";
import { between } from "./generated-part.ts";
import { measured } from "./measurements.ts";

export const SCALING_PAGE = "docs/scaling.md";

/** Benchmarks that the page is about. */
const BENCHMARKS = ["push-actions", "live-queries", "retention"];

/** The page with the figures that were recorded. */
export async function scalingPage(): Promise<string> {
  const recorded = await readMeasurements();
  const parts = BENCHMARKS.map((name) => {
    const one = recorded[name];
    const text = one ? measured(name, one) : "not recorded yet.";
    return `\`npm run bench -- ${name}\`: ${text}`;
  });
  return between(readFileSync(SCALING_PAGE, "utf8"), parts.join("\n\n"), SCALING_PAGE);
}
