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
  bundle: true,
  platform: "node",
  plugins: [trimmed],
  legalComments: "none",
  logLevel: "warning",
  format: "cjs",
  target: "node20",
  minifyWhitespace: true,
  minifySyntax: true,
};

/** Bundles with the same options in one go, so that what they share is read once. */
async function bundle(entryPoints, options) {
  const outdir = "/";
  const { outputFiles } = await build({ ...options, entryPoints, outdir, write: false });
  return outputFiles.map(({ path: file, contents }) => ({ name: path.parse(file).name, contents }));
}

/** Whoever reads meanwhile sees the whole file, before or after. */
async function write(file, content) {
  await mkdir(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, content);
  await rename(unfinished, file);
}

async function bundleLambdas() {
  const names = (await readdir("lambdas")).filter((name) => existsSync(`lambdas/${name}/handler.ts`));
  const entries = Object.fromEntries(names.map((name) => [name, `lambdas/${name}/handler.ts`]));
  for (const { name, contents } of await bundle(entries, bundleOptions))
    await write(
      `${OUT}/lambdas/${name}.zip`,
      zipSync({ "index.js": [contents, { mtime: EPOCH, level: 9, os: UNIX, attrs: MODE }] }),
    );
}

/** The programs of the MCP server's image; their options are also what its Dockerfile and tests bundle with. */
async function bundlePrograms() {
  const read = async (file) => JSON.parse(await readFile(file, "utf8"));
  const { entryPoints: server, outfile: serverFile, ...options } = await read("mcp-server/bundle.json");
  const { entryPoints: bootstrap, outfile: bootstrapFile } = await read("mcp-server/bootstrap/bundle.json");
  const outfiles = { server: serverFile, bootstrap: bootstrapFile };
  for (const { name, contents } of await bundle({ server: server[0], bootstrap: bootstrap[0] }, options))
    await write(outfiles[name], contents);
}

async function bundleApp() {
  for (const { contents } of await bundle({ main: "main.ts" }, app)) await write(`${OUT}/main.cjs`, contents);
}

await Promise.all([bundleApp(), bundleLambdas(), bundlePrograms()]);
