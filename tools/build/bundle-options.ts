import { readFile } from "node:fs/promises";
import path from "node:path";
import type { BuildOptions, Plugin } from "esbuild";
import manifest from "../../package.json" with { type: "json" };

/** Bundles hold only the version of package.json, so a changed test dependency does not change an image. */
const onlyVersion: Plugin = {
  name: "only-version",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]package\.json$/ }, ({ path: file }) =>
      file === path.resolve("package.json")
        ? { contents: JSON.stringify({ version: manifest.version }), loader: "json" }
        : undefined,
    );
  },
};

const common = {
  plugins: [onlyVersion],
  bundle: true,
  platform: "node",
  legalComments: "none",
  logLevel: "warning",
} as const satisfies BuildOptions;

/**
 * Removes what CDKTF does at every synthesis and this app does not need: the stack trace of each reference (our addresses
 * name the construct in errors), and its archiver (the Lambda bundles are zips already).
 */
const trimCdktf: Plugin = {
  name: "trim-cdktf",
  setup({ onLoad }) {
    onLoad({ filter: /cdktf[\\/]lib[\\/]tokens[\\/]private[\\/]stack-trace\.js$/ }, () => ({
      contents: "exports.captureStackTrace = () => [];",
    }));
    onLoad({ filter: /node_modules[\\/]archiver[\\/]index\.js$/ }, () => ({
      contents:
        'module.exports = () => { throw new Error("Assets must be zips: see tools/build/bundle-options.ts"); };',
    }));
    // From Node.js 22 on, util.isArray prints a warning at each synthesis.
    onLoad({ filter: /cdktf[\\/]lib[\\/]terraform-output\.js$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, "utf8")).replace("(0, util_2.isArray)", "Array.isArray"),
    }));
  },
};

/** The app that synthesises Terraform. Whitespace is removed because Node.js parses the whole file at each synthesis. */
export const appBundle = {
  ...common,
  plugins: [onlyVersion, trimCdktf],
  format: "cjs",
  target: "node20",
  minifyWhitespace: true,
  minifySyntax: true,
} as const satisfies BuildOptions;

/** Every Lambda handler: CommonJS for the runtime nodejs22.x, with all its packages. */
export const lambdaBundle = {
  ...common,
  minify: true,
  target: "node22",
  format: "cjs",
  mainFields: ["module", "main"],
  // pg requires it inside a try block and works without it.
  external: ["pg-native"],
} satisfies BuildOptions;

/** The programs of the MCP server's image, by the file's name in the image. */
export const imagePrograms = {
  server: "mcp-server/main.ts",
  bootstrap: "mcp-server/bootstrap/main.ts",
} as const;

/** Folder of the bundled programs of the MCP server's image. */
export const IMAGE_PROGRAMS_FOLDER = "build/mcp-server";

/** The programs of the MCP server's image: ES modules, with all their packages. */
export const programBundle = {
  ...common,
  format: "esm",
  target: "node20",
  minify: true,
  mainFields: ["module", "main"],
  external: ["pg-native"],
  outExtension: { ".js": ".mjs" },
  banner: {
    js: 'import{createRequire as _createRequire}from"node:module";const require=_createRequire(import.meta.url);',
  },
} satisfies BuildOptions;
