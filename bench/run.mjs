// npm run bench -- <name> [arguments]: one of the measurements beside this file, written in TypeScript.
import { existsSync, readdirSync } from "node:fs";
import { runTypeScript } from "../run-typescript.mjs";

const [name, ...rest] = process.argv.slice(2);
const source = `bench/${name}.ts`;
if (!name || !existsSync(source)) {
  const names = readdirSync("bench")
    .filter((file) => file.endsWith(".ts"))
    .map((file) => file.slice(0, -".ts".length));
  console.error(`npm run bench -- ${names.join("|")} [arguments]`);
  process.exit(2);
}
process.argv.splice(1, process.argv.length, source, ...rest);
await runTypeScript(source);
