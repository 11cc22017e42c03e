import { describe, it } from "@jest/globals";
import { type ToolName, tools } from "../../tools/setup/tools.ts";

/**
 * A suite that needs tools. Without one of them it is skipped, and the report at the end says so; in CI that is an
 * error, because a suite that silently does not run proves nothing.
 */
export function describeWith(...needed: ToolName[]): (name: string, suite: () => void) => void {
  const missing = missingTools(needed);
  if (missing.length === 0) return describe;
  return (name, suite) => describe.skip(`${name} ${needs(missing)}`, suite);
}

/** As {@link describeWith}, for a suite that only root can run; `.ci/run containers` runs it as root. */
export function describeAsRootWith(...needed: ToolName[]): (name: string, suite: () => void) => void {
  if (process.getuid?.() === 0) return describeWith(...needed);
  return (name, suite) => describe.skip(`${name} (as root only)`, suite);
}

/** As {@link describeWith}, for one test. */
export function itWith(...needed: ToolName[]): (name: string, test: () => void | Promise<void>) => void {
  const missing = missingTools(needed);
  if (missing.length === 0) return it;
  return (name, test) => it.skip(`${name} ${needs(missing)}`, test);
}

export const itIf = (condition: boolean) => (condition ? it : it.skip);

function missingTools(needed: readonly ToolName[]): ToolName[] {
  const missing = needed.filter((name) => !tools[name].present());
  if (missing.length > 0 && process.env["CI"])
    throw new Error(`Not installed: ${missing.join(", ")}. Run npm run setup -- --only ${missing.join(" ")}`);
  return missing;
}

/** The report reads this from the names of skipped tests. */
const needs = (tools: readonly string[]) => `(needs ${tools.join(", ")})`;
