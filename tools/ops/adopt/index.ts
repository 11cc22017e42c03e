import { writeFileSync } from "node:fs";
import { importsFile } from "../../../environments/imports.ts";
import { EXIT } from "../../cli/problem.ts";
import type { Context } from "../context.ts";
import { subjectOf } from "../preflight/subject.ts";
import { type Adopted, adoption, type Difference, importsOf } from "./adoption.ts";
import { Search } from "./search.ts";
import { zonesOf } from "./zones.ts";

/**
 * Prints what exists of the stack and what an adoption would change, and writes the import blocks.
 * @returns 1 where something could only be replaced, 77 where something could not be looked at, otherwise 0
 */
export async function adopt(
  context: Context,
  inputsFile: string | undefined,
  out = importsFile(context.environment.environment),
): Promise<number> {
  const { report, settings, environment } = context;
  await context.caller();
  const { aws, inputs, stack } = await subjectOf(context, inputsFile);
  await context.checkAccount(inputs.get("ecsClusterArn").split(":")[4] ?? "");
  report.progress("looking for what the stack would make");
  const zones = await zonesOf(aws, inputs.get("privateSubnetIds"));
  const adopted = await adoption(new Search(aws, stack, inputs, zones));
  const imports = importsOf(adopted);

  const found = adopted.filter(({ state }) => state === "found");
  report.table(found.map(({ address, id = "", differences }) => [effectOf(differences), address, id]));
  for (const { address, differences } of found)
    for (const difference of differences) report.line(`${address}: ${shown(difference)}`);
  const unknown = adopted.filter(({ state }) => state === "unknown");
  for (const { address, reason } of unknown) report.line(`${address}: not looked at: ${reason}`);
  const blocked = found.filter(({ differences }) => differences.some(({ effect }) => effect === "replace"));
  for (const { address } of blocked)
    report.line(`${address}: left out, because Terraform would replace it: change it by hand, or rename it`);
  const missing = adopted.filter(({ state }) => state === "missing").length;
  report.line(
    `${found.length} found, ${imports.length} of them to import, ${missing} to create, ` +
      `${adopted.filter(({ state }) => state === "made anew").length} made anew, ${unknown.length} unknown`,
  );
  report.result({ resources: adopted.map(withoutDetails), imports, attributes: attributesOf(found) });

  if (settings.dryRun) report.line(`would write ${out}`);
  else {
    writeFileSync(out, `${JSON.stringify(imports, null, 2)}\n`);
    report.line(`wrote ${out}; next: npm run plan -- ${environment.environment}, then docs/adopting.md`);
  }
  if (blocked.length) return EXIT.failed;
  return unknown.length ? EXIT.refused : EXIT.ok;
}

function effectOf(differences: readonly Difference[]): string {
  const effects = differences.map(({ effect }) => effect);
  if (effects.includes("replace")) return "REPLACE";
  return effects.includes("update") ? "update" : "same";
}

const words = { update: "changes to", keep: "stays; the stack has", replace: "would be replaced for" };
const text = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));
const shown = ({ argument, is, wanted, effect }: Difference) =>
  `${argument} ${text(is)} ${words[effect]} ${text(wanted)}`;

const withoutDetails = ({ attributes: _, ...resource }: Adopted) => resource;

/** What AWS says of each, by type and import id. */
const attributesOf = (found: readonly Adopted[]) =>
  found.map(({ type, id, attributes }) => ({ type, id, attributes }));
