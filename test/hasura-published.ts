import { createRequire } from "node:module";
import { build } from "esbuild";

/**
 * The converters of npm package @hasura/metadata 1.0.2: Hasura's own definition of its metadata, generated
 * from the engine's repository (contrib/metadata-types), which check each value against it. The package
 * holds ES modules that Node takes for CommonJS, so it is bundled first.
 */
export async function publishedConverters(): Promise<typeof import("@hasura/metadata").Convert> {
  const { outputFiles } = await build({
    entryPoints: [createRequire(import.meta.url).resolve("@hasura/metadata/dist/HasuraMetadataV2.js")],
    bundle: true,
    format: "esm",
    write: false,
  });
  const code = Buffer.from(outputFiles[0]?.text ?? "").toString("base64");
  const published: typeof import("@hasura/metadata") = await import(
    /* @vite-ignore */ `data:text/javascript;base64,${code}`
  );
  return published.Convert;
}
