import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { banSchema, memberSchema, messageSchema, roomSchema } from "../../mcp-server/chat/model.ts";
import { catalog } from "../../mcp-server/tools/catalog.ts";

const page = readFileSync("docs/matrix-mapping.md", "utf8");
const table = page.slice(page.indexOf("## Mapping"), page.indexOf("## How bans"));
const rows = table.split("\n").filter((line) => line.startsWith("| "));
/** What the first column names, by tool: arguments and fields. */
const named = (text: string) => [...text.matchAll(/`([\w.]+)`/g)].map(([, name]) => name);

const NONE_MISSING = { "missing from docs/matrix-mapping.md": [] };

describe("the mapping of the tools to Matrix", () => {
  it("has a row for each tool, in their order", () => {
    const tools = rows.flatMap((row) => /^\| \*\*(\w+)\*\* \|/.exec(row)?.[1] ?? []);
    expect(tools).toEqual(catalog.map(({ name }) => name));
  });

  it.each(catalog.map((tool) => [tool.name, tool] as const))("names each argument of %s", (name, {
    input,
  }) => {
    const start = rows.findIndex((row) => row.startsWith(`| **${name}** |`));
    const end = rows.findIndex((row, index) => index > start && row.startsWith("| **"));
    const own = named(rows.slice(start, end < 0 ? undefined : end).join("\n"));
    // Said once for all tools, at the top; how long a page is differs in nothing.
    const common = [
      ...named(
        rows
          .slice(
            0,
            rows.findIndex((row) => row.startsWith("| **")),
          )
          .join("\n"),
      ),
      "limit",
    ];
    const missing = Object.keys(input.shape).filter((argument) => ![...own, ...common].includes(argument));
    expect({ "missing from docs/matrix-mapping.md": missing }).toEqual(NONE_MISSING);
  });

  it.each([
    ["Room", roomSchema],
    ["Message", messageSchema],
    ["Member", memberSchema],
    ["Ban", banSchema],
  ] as const)("names each field of %s", (type, { shape }) => {
    const known = named(table);
    const missing = Object.keys(shape).filter(
      (field) => !known.includes(`${type}.${field}`) && !known.includes(field),
    );
    expect({ "missing from docs/matrix-mapping.md": missing }).toEqual(NONE_MISSING);
  });
});
