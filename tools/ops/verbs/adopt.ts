import type { Verb } from "../verb.ts";

export const adopt: Verb = ({ verb, run }) =>
  verb(
    "adopt",
    "find what exists of the stack already, and write it as import blocks; changes nothing on AWS",
  )
    .option("--inputs <file>", "file of Terraform variables, in addition to TF_VAR_<name>")
    .option("--out <file>", "file to write. Default: environments/<environment>.imports.json")
    .action((environment, options) =>
      run(environment, options, async (context) => {
        const { adopt } = await import("../adopt/index.ts");
        return adopt(context, options.inputs, options.out);
      }),
    );
