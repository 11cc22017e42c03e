import { bundleTypeScript } from "./bundle-typescript.mjs";

/** Bundles a TypeScript program and runs it in this process: Node.js 20 reads no TypeScript. */
export async function runTypeScript(source) {
  const outfile = `build/${source.replace(/\.ts$/, ".mjs")}`;
  await bundleTypeScript(source, outfile);
  await import(`./${outfile}`);
}
