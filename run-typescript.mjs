import { build } from "esbuild";

/** Bundles a TypeScript program and runs it in this process: Node.js 20 reads no TypeScript. */
export async function runTypeScript(source) {
  const outfile = `build/${source.replace(/\.ts$/, ".mjs")}`;
  await build({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
    logLevel: "warning",
  });
  await import(`./${outfile}`);
}
