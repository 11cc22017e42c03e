import { readFileSync } from "node:fs";
import * as z from "zod";
import { version } from "../../shared/version.ts";
import type { Configuration } from "../../stacks/modules/module-stack.ts";

const variable = z.object({
  type: z.string(),
  description: z.string(),
  default: z.json().optional(),
  ephemeral: z.boolean().default(false),
  validation: z.array(z.object({ error_message: z.string() })).default([]),
});
const output = z.object({ description: z.string(), sensitive: z.boolean().default(false) });

/** A module's README: what it is, and tables of its variables, outputs and resources. */
export function readme(module: string, configuration: Configuration): string {
  const page = readFileSync(`modules/${module}/README.md`, "utf8");
  const [, introduction = ""] = /^# .+\n\n((?:.+\n)+)/.exec(page) ?? [];
  const variables = Object.entries(configuration.variable).map(
    ([name, body]) => [name, variable.parse(body)] as const,
  );
  const required = variables.filter(([, { default: value }]) => value === undefined);
  const block = module.replaceAll("-", "_");
  return `${[
    `# ${module} ${version}`,
    introduction.trim(),
    `\`\`\`hcl\nmodule "${block}" {\n  source = "…/${module}"\n${required.map(([name]) => `  ${name} = …\n`).join("")}}\n\`\`\``,
    "The caller configures the providers. Terraform takes no variable in `prevent_destroy`, so nothing here has it: read the plan.",
    "## Variables",
    table(
      ["name", "type", "default", "description"],
      variables.map(([name, { type, description, default: value, ephemeral, validation }]) => [
        code(name),
        code(type),
        value === undefined ? "required" : code(JSON.stringify(value)),
        [
          `${description}.`,
          ...(ephemeral ? ["Ephemeral."] : []),
          ...validation.map(({ error_message }) => error_message),
        ].join(" "),
      ]),
    ),
    "## Outputs",
    table(
      ["name", "description"],
      Object.entries(configuration.output).map(([name, body]) => {
        const { description, sensitive } = output.parse(body);
        return [code(name), `${description}.${sensitive ? " Sensitive." : ""}`];
      }),
    ),
    "## Resources",
    table(
      ["type", "names"],
      Object.entries(configuration.resource)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([type, byName]) => [code(type), Object.keys(byName).sort().map(code).join(", ")]),
    ),
  ].join("\n\n")}\n`;
}

const code = (text: string) => `\`${text}\``;

const table = (headings: readonly string[], cells: readonly (readonly string[])[]) =>
  [headings, headings.map(() => "---"), ...cells]
    .map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`)
    .join("\n");
