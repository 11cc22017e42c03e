import { runInterruptible } from "../../tools/cli/child.ts";

/** Applies the configuration in a folder as the pipeline's programs run Terraform. */
const [, , folder] = process.argv;
process.exitCode = await runInterruptible(
  "terraform",
  [`-chdir=${folder}`, "apply", "-auto-approve", "-input=false"],
  {},
);
