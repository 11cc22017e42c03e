import { execFileSync } from "node:child_process";
import { bundleProgram } from "../../tools/run.mjs";

/** Builds once what many tests use: what the constructs deploy, and the offline Terraform. */
export default async function setup(): Promise<void> {
  execFileSync(process.execPath, ["tools/run.mjs", "tools/build/main.ts"], { stdio: "inherit" });
  await bundleProgram("tools/terraform-offline/main.ts", "build/programs/tools/terraform-offline/main.mjs");
}
