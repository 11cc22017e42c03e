import { existsSync } from "node:fs";
import { describe, it } from "@jest/globals";

/** Files that must exist, by the name of the tool that has them: `npm run setup -- --only <name>` installs it. */
type Files = Readonly<Record<string, string>>;

/**
 * A suite that needs tools. Without one of them it is skipped, and the report at the end says so; in CI that is an
 * error, because a suite that silently does not run proves nothing.
 */
export function describeWith(files: Files): (name: string, suite: () => void) => void {
  const missing = missingTools(files);
  if (missing.length === 0) return describe;
  return (name, suite) => describe.skip(`${name} ${needs(missing)}`, suite);
}

/** As {@link describeWith}, for one test. */
export function itWith(files: Files): (name: string, test: () => void | Promise<void>) => void {
  const missing = missingTools(files);
  if (missing.length === 0) return it;
  return (name, test) => it.skip(`${name} ${needs(missing)}`, test);
}

export const itIf = (condition: boolean) => (condition ? it : it.skip);

function missingTools(files: Files): string[] {
  const missing = Object.entries(files).filter(([, file]) => !existsSync(file));
  const names = missing.map(([name]) => name);
  if (names.length > 0 && process.env["CI"])
    throw new Error(
      `${missing.map(([name, file]) => `${name} is not installed: there is no ${file}`).join("; ")}. Run npm run setup -- --only ${names.join(" ")}`,
    );
  return names;
}

/** The report reads this from the names of skipped tests. */
const needs = (tools: readonly string[]) => `(needs ${tools.join(", ")})`;
