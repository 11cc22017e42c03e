// Bundles the local chat and runs it: Node 20 reads no TypeScript.
import { build } from "esbuild";

const outfile = "build/local/start.mjs";
await build({
  entryPoints: ["local/start.ts"],
  outfile,
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node20",
  packages: "external",
  logLevel: "warning",
});
await import(`../${outfile}`);
