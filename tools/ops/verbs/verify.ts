import { checks } from "../checks/index.ts";
import { EXIT } from "../problem.ts";
import type { Verb } from "../verb.ts";
import { thoroughness, verify as verifyAll, verifyOptions } from "../verification.ts";

export const verify: Verb = {
  name: "verify",
  summary: "check that everything runs and answers as it was applied",
  options: {
    only: { type: "string", multiple: true, help: `one of: ${checks.map(({ name }) => name).join(", ")}` },
    ...verifyOptions,
  },
  async run(context, invocation) {
    const asked = thoroughness(verify, invocation, "0");
    const outputs = await context.outputs();
    return (await verifyAll({ context, outputs, rolledBack: {} }, asked)) ? EXIT.ok : EXIT.failed;
  },
};
