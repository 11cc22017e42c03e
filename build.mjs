// Bundles what is deployed and the app that synthesises it, into build/. Same sources, same bytes.
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { build } from "esbuild";
import { zipSync } from "fflate";
import { bundleOptions } from "./lambdas/bundle-options.mjs";

const OUT = "build";
/** Zips know no time zone: this is the earliest date that they can hold, in local time. */
const EPOCH = new Date(1980, 0, 1);
/** In a zip, who made it decides how the attributes are read: Unix, with the file's mode in the upper half. */
const UNIX = 3;
const MODE = (0o100644 << 16) >>> 0;

/** What every bundle has in common. */
const common = { bundle: true, platform: "node", legalComments: "none", logLevel: "warning", write: false };

/**
 * What CDKTF loads or does at every synthesis and this app has no use for: a stack trace with each reference, for
 * error messages that the names in our addresses serve as well, and an archiver, where the bundles are zips already.
 */
const trimmed = {
  name: "trimmed-cdktf",
  setup({ onLoad }) {
    onLoad({ filter: /cdktf[\\/]lib[\\/]tokens[\\/]private[\\/]stack-trace\.js$/ }, () => ({
      contents: "exports.captureStackTrace = () => [];",
    }));
    onLoad({ filter: /node_modules[\\/]archiver[\\/]index\.js$/ }, () => ({
      contents: 'module.exports = () => { throw new Error("hand CDKTF a zip: see build.mjs"); };',
    }));
  },
};

/** Small, because Node.js reads it whole at each synthesis; names stay, for stack traces and CDKTF. */
const app = {
  plugins: [trimmed],
  entryPoints: ["main.ts"],
  format: "cjs",
  target: "node20",
  minifyWhitespace: true,
  minifySyntax: true,
};

async function bundle(options) {
  const { outputFiles } = await build(options);
  return outputFiles[0].contents;
}

/** Whoever reads meanwhile sees the whole file, before or after. */
async function write(file, content) {
  await mkdir(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, content);
  await rename(unfinished, file);
}

async function bundleLambda(name) {
  const code = await bundle({ ...bundleOptions, write: false, entryPoints: [`lambdas/${name}/handler.ts`] });
  await write(
    `${OUT}/lambdas/${name}.zip`,
    zipSync({ "index.js": [code, { mtime: EPOCH, level: 9, os: UNIX, attrs: MODE }] }),
  );
}

/** The files that the MCP server's image holds; their options are also what their tests bundle with. */
async function bundleServer() {
  for (const file of ["mcp-server/bundle.json", "mcp-server/bootstrap/bundle.json"]) {
    const { outfile, ...options } = JSON.parse(await readFile(file, "utf8"));
    await write(outfile, await bundle({ ...options, write: false }));
  }
}

async function bundleApp() {
  await write(`${OUT}/main.cjs`, await bundle({ ...common, ...app }));
}

const handlers = (await readdir("lambdas")).filter((name) => existsSync(`lambdas/${name}/handler.ts`));
await Promise.all([bundleApp(), bundleServer(), ...handlers.map(bundleLambda)]);
