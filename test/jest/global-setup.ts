import { execFileSync } from "node:child_process";

/** Builds once what many tests use: what the constructs deploy, and the offline Terraform. */
export default function setup(): void {
  execFileSync(process.execPath, ["tools/run.mjs", "tools/build/main.ts"], { stdio: "inherit" });
  // Running a program bundles it into build/programs/, where the tests start it without bundling it each time.
  execFileSync(process.execPath, ["tools/run.mjs", "tools/terraform-offline/main.ts", "--help"], {
    stdio: "pipe",
  });
}
