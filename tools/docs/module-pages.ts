import { existsSync, readdirSync, readFileSync } from "node:fs";
import { development } from "../../environments/development.ts";
import { addressList } from "./addresses.ts";
import { between } from "./generated-part.ts";
import { type Member, membersOf } from "./typescript-members.ts";

/**
 * The README of each module, with the tables of its inputs, outputs and resources brought up to date: inputs and
 * outputs from the documentation comments of its source, resources from the synthesised stack of development.
 * @returns content by file
 */
export function modulePages(): Record<string, string> {
  const addresses = addressList(development).trim().split("\n");
  return Object.fromEntries(
    readdirSync("modules").map((module) => {
      const file = `modules/${module}/README.md`;
      return [file, between(readFileSync(file, "utf8"), tables(module, addresses).join("\n\n"), file)];
    }),
  );
}

function tables(module: string, addresses: readonly string[]): string[] {
  const { inputs, outputs } = declarations(module);
  return [
    "## Inputs",
    table(
      ["input", "type", "default", "description"],
      inputs.flatMap((member) => inputRows(module, member)),
    ),
    "## Outputs",
    table(
      ["output", "type", "description"],
      outputs.flatMap((member) => outputRows(module, member)),
    ),
    "## Resources",
    `Addresses begin with \`${prefixOf(module)}\`.`,
    table(["type", "names"], resourceRows(module, addresses)),
  ];
}

/** Props and public members of a module's one construct. */
function declarations(module: string): { inputs: Member[]; outputs: Member[] } {
  const folder = `modules/${module}`;
  const index = readFileSync(`${folder}/index.ts`, "utf8");
  const [, name = ""] = /^export class (\w+) extends Construct/m.exec(index) ?? [];
  const props = existsSync(`${folder}/props.ts`) ? readFileSync(`${folder}/props.ts`, "utf8") : index;
  const inputs = membersOf(props, `export interface ${name}Props`);
  const outputs = membersOf(index, `export class ${name}`);
  if (!inputs || !outputs)
    throw new Error(`${folder} must export a construct and the interface of its props`);
  return { inputs, outputs };
}

/** An object type is one row, or a row for each documented member. */
function rows(module: string, member: Member, row: (member: Member) => string[]): string[][] {
  const documented = member.members.some(({ description }) => description);
  if (!documented) {
    if (!member.description) throw new Error(`${module}: ${member.name} needs a documentation comment`);
    return [row(member)];
  }
  return [
    ...(member.description ? [row({ ...member, type: "object" })] : []),
    ...member.members.flatMap((child) =>
      rows(module, { ...child, name: `${member.name}.${child.name}` }, row),
    ),
  ];
}

const inputRows = (module: string, input: Member) =>
  rows(module, input, (member) => {
    const { name, type, optional, description } = member;
    if (optional && !member.default) throw new Error(`${module}: ${name} is optional and needs @default`);
    return [code(name), code(type), optional ? (member.default ?? "") : "required", description];
  });

const outputRows = (module: string, output: Member) =>
  rows(module, output, ({ name, type, description }) => [code(name), code(type), description]);

function resourceRows(module: string, addresses: readonly string[]): string[][] {
  const prefix = prefixOf(module);
  const byType = new Map<string, string[]>();
  for (const address of addresses) {
    const [type = "", name = ""] = address.split(".");
    if (name.startsWith(prefix))
      byType.set(type, [...(byType.get(type) ?? []), code(name.slice(prefix.length))]);
  }
  return [...byType].map(([type, names]) => [code(type), names.join(", ")]);
}

const prefixOf = (module: string) => `${module.replaceAll("-", "_")}_`;

const code = (text: string) => `\`${text.replaceAll("readonly ", "")}\``;

const table = (headings: readonly string[], cells: readonly (readonly string[])[]) =>
  [headings, headings.map(() => "---"), ...cells]
    .map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
