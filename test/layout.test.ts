import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { withMessage } from "./jest/with-message.ts";

/** What the commands may import. */
const BELOW_TOOLS = [
  "examples",
  "stacks",
  "environments",
  "modules",
  "constructs",
  "lambdas",
  "mcp-server",
  "migrations",
  "shared",
];

/**
 * The folders at the root and what each may import, besides itself. Each line names only folders of lines below it,
 * so that every import points downwards.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  test: ["tools", ...BELOW_TOOLS],
  tools: ["main.ts", ...BELOW_TOOLS],
  "main.ts": ["stacks", "environments"],
  examples: ["stacks", "environments", "constructs"],
  stacks: ["environments", "modules", "constructs", "lambdas", "mcp-server", "migrations", "shared"],
  environments: ["modules", "constructs", "lambdas", "mcp-server", "migrations", "shared"],
  modules: ["constructs", "migrations", "shared"],
  constructs: ["shared"],
  lambdas: ["shared"],
  "mcp-server": ["shared"],
  migrations: ["shared"],
  shared: [],
};
const FOLDERS = [...Object.keys(LAYERS).filter((name) => name !== "main.ts"), "docs"];

/** Written by commands, and ignored by Git. */
const GENERATED = ["node_modules", "build", "dist", "coverage", "cdktf.out"];

const isSource = (file: string) => /\.(?:ts|mts|cts|mjs|cjs|js)$/.test(file);
const isTest = (file: string) => file.startsWith("test/") || /\.test\.ts$/.test(file);

const visible = readdirSync(".", { withFileTypes: true }).filter(
  ({ name }) => !name.startsWith(".") && !GENERATED.includes(name),
);
const files = [
  ...visible.filter((entry) => entry.isFile()).map(({ name }) => name),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
      .map((entry) => path.join(entry.parentPath, entry.name)),
  ),
].filter(isSource);

interface Import {
  readonly from: string;
  /** The imported file, from the root. */
  readonly to: string;
}

/** Every import of another file: `import`, `export … from`, `import()`, `import("…")` types and `require`. */
const imports: readonly Import[] = files.flatMap((from) =>
  [
    ...readFileSync(from, "utf8").matchAll(
      /(?:\bfrom|\bimport|\brequire)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g,
    ),
  ].map(([, specifier = ""]) => ({ from, to: path.normalize(path.join(path.dirname(from), specifier)) })),
);
const folderOf = (file: string) => file.split("/")[0] ?? "";
const told = (found: readonly Import[]) => found.map(({ from, to }) => `${from} imports ${to}`);

describe("the layout", () => {
  it("has twelve folders at the root", () => {
    const folders = visible.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(folders.sort()).toEqual([...FOLDERS].sort());
    expect(folders).toHaveLength(12);
  });

  it("orders the folders so that each may import only folders below it", () => {
    const order = Object.keys(LAYERS);
    for (const [folder, below] of Object.entries(LAYERS))
      for (const other of below)
        withMessage(`${folder} → ${other}`, () =>
          expect(order.indexOf(other)).toBeGreaterThan(order.indexOf(folder)),
        );
  });
});

describe("an import", () => {
  it("is found in every folder of sources", () => {
    expect([...new Set(imports.map(({ from }) => folderOf(from)))]).toEqual(
      expect.arrayContaining(Object.keys(LAYERS)),
    );
  });

  it("points downwards, except in tests", () => {
    const sources = imports.filter(({ from }) => !isTest(from) && folderOf(from) in LAYERS);
    const upwards = sources.filter(({ from, to }) => {
      const [folder, other] = [folderOf(from), folderOf(to)];
      // The release of the programs is the version in package.json.
      return other !== folder && to !== "package.json" && !LAYERS[folder]?.includes(other);
    });
    expect(told(upwards)).toEqual([]);
  });

  it("in a deployed program names neither a Terraform folder nor a tool", () => {
    const deployed = ["lambdas", "mcp-server", "migrations", "shared"];
    const wrong = imports.filter(
      ({ from, to }) =>
        deployed.includes(folderOf(from)) &&
        !isTest(from) &&
        ["modules", "stacks", "constructs", "environments", "tools", "main.ts"].includes(folderOf(to)),
    );
    expect(told(wrong)).toEqual([]);
  });

  it("of a test helper is found only in tests", () => {
    expect(told(imports.filter(({ from, to }) => folderOf(to) === "test" && !isTest(from)))).toEqual([]);
  });

  it("never leads from one module to another, because they meet only in the stack", () => {
    const moduleOf = (file: string) => file.split("/")[1];
    const modules = readdirSync("modules", { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(modules).toHaveLength(5);
    const across = imports.filter(
      ({ from, to }) =>
        folderOf(from) === "modules" &&
        folderOf(to) === "modules" &&
        moduleOf(from) !== moduleOf(to) &&
        !isTest(from),
    );
    expect(told(across)).toEqual([]);
  });

  it("never leads from one function to another: functions share lambdas/shared", () => {
    const functionOf = (file: string) => file.split("/")[1];
    const across = imports.filter(
      ({ from, to }) =>
        folderOf(from) === "lambdas" &&
        folderOf(to) === "lambdas" &&
        !["shared", functionOf(from)].includes(functionOf(to)) &&
        !isTest(from),
    );
    expect(told(across)).toEqual([]);
  });

  it("leads to no file outside the repository", () => {
    expect(told(imports.filter(({ to }) => to.startsWith("..")))).toEqual([]);
  });
});
