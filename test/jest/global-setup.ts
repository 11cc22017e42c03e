import { execFileSync } from "node:child_process";

/** The constructs deploy bundles, so they are built before any test synthesises one. */
export default function setup(): void {
  execFileSync(process.execPath, ["tools/run.mjs", "tools/build/main.ts"], { stdio: "inherit" });
}
