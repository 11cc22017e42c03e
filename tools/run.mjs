// node tools/run.mjs <program.ts> [arguments]: bundles a TypeScript program and runs it in this process.
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";

/** The providers are imported by folder, which ES modules don't know. */
const providers = {
  name: "providers",
  setup({ onResolve }) {
    onResolve({ filter: /^@cdktf\/provider-[^/]+\/lib\/[^/]+$/ }, ({ path: folder }) => ({
      path: `${folder}/index.js`,
      external: true,
    }));
  },
};

/**
 * Bundles a TypeScript program into `outfile`, which must lie below the folder that holds node_modules. What it imports
 * while it runs goes into files beside it, so that their packages are loaded only then.
 */
export async function bundleProgram(source, outfile) {
  const { dir: outdir, name, ext } = path.parse(outfile);
  const { outputFiles } = await build({
    entryPoints: [{ in: source, out: name }],
    outdir,
    outExtension: { ".js": ext },
    chunkNames: `${name}-[hash]`,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    plugins: [providers],
    logLevel: "warning",
    write: false,
  });
  await mkdir(outdir, { recursive: true });
  // The program last, and each renamed when complete: another process may be loading the same program.
  const isProgram = (file) => file.path === path.resolve(outfile);
  for (const file of outputFiles.sort((a, b) => isProgram(a) - isProgram(b))) {
    const unfinished = `${file.path}.${process.pid}`;
    await writeFile(unfinished, file.contents);
    await rename(unfinished, file.path);
  }
}

const USAGE_EXIT_CODE = 2;

/** Ends the process with the text and exit code of a Problem (tools/cli/problem.ts), or with a stack trace. */
function fail(error) {
  const isProblem = error instanceof Error && error.name === "Problem";
  console.error(isProblem ? error.text : error);
  process.exit(isProblem ? error.exitCode : 1);
}

async function run(source) {
  if (!source || !existsSync(source)) {
    const problem = source ? `there is no program ${source}` : "no program is named";
    console.error(`${problem}\nUsage: node tools/run.mjs <program.ts> [arguments]`);
    process.exit(USAGE_EXIT_CODE);
  }
  const outfile = path.resolve("build", "programs", source.replace(/\.ts$/, ".mjs"));
  await bundleProgram(source, outfile);
  process.argv.splice(1, 1);
  process.on("uncaughtException", fail);
  await import(pathToFileURL(outfile).href);
}

const [, self, source] = process.argv;
// No top-level await: the tests load this file with require.
if (import.meta.url === pathToFileURL(self).href) run(source).catch(fail);
