// Bundles what is deployed and the app that synthesises it, into build/. Same sources, same bytes.
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { zipSync } from "fflate";

const OUT = "build";
/** Zips know no time zone: this is the earliest date that they can hold, in local time. */
const EPOCH = new Date(1980, 0, 1);

/** What every bundle has in common. */
const common = { bundle: true, platform: "node", legalComments: "none", logLevel: "warning", write: false };

/** Bundles of the functions, for the Lambda runtime nodejs22.x. */
const lambda = {
  ...common,
  minify: true,
  format: "cjs",
  target: "node22",
  mainFields: ["module", "main"],
  external: ["pg-native"],
};

async function bundle(options) {
  const { outputFiles } = await build(options);
  return outputFiles[0].contents;
}

async function bundleLambda(name) {
  const code = await bundle({ ...lambda, entryPoints: [`lambdas/${name}/handler.ts`] });
  const zip = zipSync({ "index.js": [code, { mtime: EPOCH, level: 9, os: 3, attrs: 0o644 << 16 }] });
  await writeFile(`${OUT}/lambdas/${name}.zip`, zip);
}

async function bundleApp() {
  const code = await bundle({ ...common, entryPoints: ["main.ts"], format: "cjs", target: "node20" });
  await writeFile(`${OUT}/main.cjs`, code);
}

await rm(OUT, { recursive: true, force: true });
await mkdir(`${OUT}/lambdas`, { recursive: true });
const handlers = (await readdir("lambdas", { withFileTypes: true })).filter(
  (e) => e.isDirectory() && e.name !== "shared",
);
await Promise.all([bundleApp(), ...handlers.map(({ name }) => bundleLambda(name))]);
