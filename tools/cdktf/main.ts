import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { runInterruptible } from "../cli/child.ts";
import { main } from "../cli/command.ts";
import { EXIT, Problem } from "../cli/problem.ts";
import { explain } from "../ops/explain.ts";
import { tools } from "../setup/tools.ts";
import { READ_ONLY_LOCK } from "../terraform/lock.ts";
import { stackCommand, type Verb } from "./command.ts";

/** Time limit of a request to the metadata service of EC2, which other machines don't have. */
const METADATA_TIMEOUT_MS = 300;

/** @throws Problem where Terraform is missing */
async function checkTerraform(): Promise<void> {
  await promisify(execFile)("terraform", ["version"], {
    env: { CHECKPOINT_DISABLE: "1", ...process.env },
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Problem(
      `terraform can't be started: ${reason}`,
      "Install Terraform 1.11 or newer, and put it on the PATH",
    );
  });
}

/** @throws Problem where there are no AWS credentials */
async function checkCredentials(): Promise<void> {
  await defaultProvider({ timeout: METADATA_TIMEOUT_MS, maxRetries: 0 })().catch((error: unknown) => {
    throw explain(error);
  });
}

/** Runs a program in this terminal until it ends. @throws Problem where it fails */
async function run(command: string, args: readonly string[]): Promise<void> {
  const exitCode = await runInterruptible(command, args, {
    CHECKPOINT_DISABLE: "1",
    TF_CLI_ARGS_init: READ_ONLY_LOCK,
    // Without a terminal the CDKTF CLI would print every frame of its spinner; in CI it prints the result alone.
    ...(!process.stdout.isTTY && { CI: "1" }),
  });
  if (exitCode !== EXIT.ok)
    throw new Problem(`${command} ${args[0]} failed: see its messages above`, "", exitCode);
}

async function act(verb: Verb, stack: string, options: readonly string[]): Promise<void> {
  if (verb !== "plan" && !process.stdin.isTTY && !options.includes("--auto-approve"))
    throw new Problem(
      "there is no terminal to ask for approval",
      "Add --auto-approve if this is what you want; npm run plan shows what would be done",
      EXIT.usage,
    );
  await checkTerraform();
  await checkCredentials();
  // Not a dependency of the project: 400 MB that only those who plan and apply need.
  if (!tools.cdktf.present()) await run("npm", ["run", "--silent", "setup", "--", "--only", "cdktf"]);
  // The lock is committed: the CLI would ask the registry for checksums and write them into it.
  await run(tools.cdktf.path("cdktf"), [verb, stack, "--skip-provider-lock", ...options]);
}

const [verb, ...args] = process.argv.slice(2);
await main(stackCommand(verb === "apply" || verb === "destroy" ? verb : "plan", act), args);
