import path from "node:path";
import { App } from "cdktf";
import { environments } from "./environments/index.ts";
import { EnvironmentError } from "./environments/schema.ts";
import { type SynthesisedStack, synthesise } from "./stacks/synthesise.ts";

/** One aligned line for each stack: name, number of resources, file, milliseconds. */
function summary(stacks: readonly SynthesisedStack[]): string {
  const rows = stacks.map(({ name, resources, file, milliseconds }) => [
    name,
    `${resources} resources`,
    path.relative(process.cwd(), file),
    `${Math.round(milliseconds)} ms`,
  ]);
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows
    .map(([name = "", resources = "", file = "", milliseconds = ""]) =>
      [
        name.padEnd(width(0)),
        resources.padStart(width(1)),
        file.padEnd(width(2)),
        milliseconds.padStart(width(3)),
      ].join("  "),
    )
    .join("\n");
}

try {
  const stacks = synthesise(new App({ stackTraces: false, skipValidation: true }), environments);
  console.log(summary(stacks));
  console.log(`Next: npm run plan -- ${environments.map(({ environment }) => environment).join("|")}`);
} catch (error) {
  console.error(error instanceof EnvironmentError ? error.message : error);
  process.exitCode = 1;
}
