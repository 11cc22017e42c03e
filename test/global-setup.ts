import { execFileSync } from "node:child_process";

/** The constructs deploy bundles, so they are built before any test synthesises one. */
export default function setup(): void {
  execFileSync(process.execPath, ["build.mjs"], { stdio: "inherit" });
}
