import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { type BuildOptions, build } from "esbuild";
import { zipSync } from "fflate";
import {
  appBundle,
  IMAGE_PROGRAMS_FOLDER,
  imagePrograms,
  lambdaBundle,
  programBundle,
} from "./bundle-options.ts";
import { bundledPackages } from "./bundled-packages.ts";
import { entryOptions } from "./zip.ts";

const OUT = "build";
/** Programs that synthesise Terraform when they are loaded, by the bundle's name, as paths of source and bundle. */
export const apps = {
  app: { source: "main.ts", bundle: `${OUT}/main.cjs` },
  everything: { source: "tools/build/everything.ts", bundle: `${OUT}/everything.cjs` },
} as const;

/** Bundles all entry points in one call, so that esbuild reads what they share once. */
async function bundle(entryPoints: Record<string, string>, options: BuildOptions) {
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints,
    outdir: "/",
    write: false,
    metafile: true,
  });
  const files = outputFiles.map(({ path: file, contents }) => ({ name: path.parse(file).name, contents }));
  return { files, sources: Object.keys(metafile.inputs) };
}

/** Replaces a file at once: a process that reads it meanwhile sees the whole old or the whole new file. */
async function write(file: string, content: Uint8Array): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, content);
  await rename(unfinished, file);
}

async function bundleLambdas(): Promise<void> {
  const names = (await readdir("lambdas")).filter((name) => existsSync(`lambdas/${name}/handler.ts`));
  const entries = Object.fromEntries(names.map((name) => [name, `lambdas/${name}/handler.ts`]));
  const { files } = await bundle(entries, lambdaBundle);
  for (const { name, contents } of files)
    await write(`${OUT}/lambdas/${name}.zip`, zipSync({ "index.js": [contents, entryOptions] }));
}

async function bundlePrograms(): Promise<void> {
  const { files, sources } = await bundle({ ...imagePrograms }, programBundle);
  for (const { name, contents } of files) await write(`${IMAGE_PROGRAMS_FOLDER}/${name}.mjs`, contents);
  const lock = bundledPackages(JSON.parse(await readFile("package-lock.json", "utf8")), sources);
  await write(
    `${IMAGE_PROGRAMS_FOLDER}/package-lock.json`,
    Buffer.from(`${JSON.stringify(lock, null, 2)}\n`),
  );
}

async function bundleApp(app: keyof typeof apps): Promise<void> {
  const { files } = await bundle({ [app]: apps[app].source }, appBundle);
  for (const { contents } of files) await write(apps[app].bundle, contents);
}

const bundles = {
  app: () => bundleApp("app"),
  everything: () => bundleApp("everything"),
  lambdas: bundleLambdas,
  programs: bundlePrograms,
};

export type BundleName = keyof typeof bundles;
/** What is deployed, and the app. */
export const bundleNames: readonly BundleName[] = ["app", "lambdas", "programs"];

/** Writes bundles into build/. The same sources give the same bytes. */
export async function writeBundles(names: readonly BundleName[] = bundleNames): Promise<void> {
  await Promise.all(names.map((name) => bundles[name]()));
}
