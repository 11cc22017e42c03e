import { build } from "esbuild";

/** Bundles a TypeScript program that finds its packages in node_modules; `outfile` has to lie beside them. */
export async function bundleTypeScript(source, outfile) {
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
}
