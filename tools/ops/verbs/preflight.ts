import type { Verb } from "../verb.ts";

export const preflight: Verb = ({ verb, run }) =>
  verb("preflight", "check before the first deployment that everything it needs exists; changes nothing")
    .option("--inputs <file>", "file of Terraform variables, in addition to TF_VAR_<name>")
    .action((environment, options) =>
      run(environment, options, async (context) => {
        // Loaded by those who need it: synthesis and eleven SDK clients take over a second.
        const { preflight, subjectOf } = await import("../preflight/index.ts");
        return preflight(await subjectOf(context, options.inputs));
      }),
    );
