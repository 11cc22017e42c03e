// npm run bench -- <name> [arguments]: one of the measurements beside this file, written in TypeScript.
import { existsSync, readdirSync } from "node:fs";
import { build } from "esbuild";

const [name, ...rest] = process.argv.slice(2);
const source = `bench/${name}.ts`;
if (!name || !existsSync(source)) {
  const names = readdirSync("bench")
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length));
  console.error(`npm run bench -- ${names.join("|")} [arguments]`);
  process.exit(2);
}
const outfile = `build/bench/${name}.mjs`;
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
process.argv.splice(1, process.argv.length, outfile, ...rest);
await import(`../${outfile}`);
