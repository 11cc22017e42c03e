import { checks } from "../checks/index.ts";
import { EXIT } from "../problem.ts";
import { usage, type Verb } from "../verb.ts";
import { verify as verifyAll } from "../verification.ts";

const names = checks.map(({ name }) => name);

export const verify: Verb = {
  name: "verify",
  summary: "check that everything runs and answers as it was applied",
  options: {
    only: { type: "string", multiple: true, help: `one of: ${names.join(", ")}; may be repeated` },
    skip: { type: "string", multiple: true, help: "leave a check out; schema is the one that starts a task" },
    wait: { type: "boolean", help: "repeat what fails for five minutes" },
  },
  async run(context, invocation) {
    const [only, skip] = [invocation.list("only"), invocation.list("skip")];
    for (const name of [...only, ...skip])
      if (!names.includes(name))
        throw usage(verify, `there is no check ${name}: there are ${names.join(", ")}`);
    const chosen = checks.filter(
      ({ name }) => (only.length === 0 || only.includes(name)) && !skip.includes(name),
    );
    const outputs = await context.outputs();
    const good = await verifyAll({ context, outputs, rolledBack: {} }, invocation.flag("wait"), chosen);
    return good ? EXIT.ok : EXIT.failed;
  },
};
