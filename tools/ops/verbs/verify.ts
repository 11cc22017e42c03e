import type { Verb } from "../verb.ts";
import { checksToRun, onlyOption, verify as runChecks, skipOption, waitOption } from "../verification.ts";

export const verify: Verb = ({ verb, run }) =>
  verb("verify", "check that everything runs and answers as it was applied")
    .addOption(onlyOption())
    .addOption(skipOption())
    .addOption(waitOption(0))
    .action((environment, options) =>
      run(environment, options, async (context) => {
        const outputs = await context.outputs();
        return runChecks(
          { context, outputs, rolledBack: {} },
          { checks: checksToRun(options), wait: options.wait },
        );
      }),
    );
