import { Argument } from "@commander-js/extra-typings";
import { environments } from "../../environments/index.ts";
import { stacksOf } from "../../environments/stack-names.ts";
import { createCommand } from "../cli/command.ts";

export type Verb = "plan" | "apply" | "destroy";

const names = environments.map(({ environment }) => environment);
/** The stacks of each environment. An administrator applies those of the pipeline and of the platform. */
const stacks = [...names, ...names.flatMap(stacksOf).filter((stack) => !names.includes(stack))];

const descriptions: Readonly<Record<Verb, string>> = {
  plan: "Shows what Terraform would change in a stack.",
  apply:
    "Applies a stack after approval. Where something runs already, npm run ops -- deploy takes its place.",
  destroy: "Destroys everything of a stack after approval. Production refuses.",
};

/**
 * The command line of `npm run plan`, `apply` or `destroy`.
 * @param act does what it says, with options of the CDKTF CLI
 */
export const stackCommand = (
  verb: Verb,
  act: (verb: Verb, stack: string, options: readonly string[]) => Promise<void>,
) =>
  createCommand(`npm run ${verb} --`, descriptions[verb])
    .usage("<stack> [options of the CDKTF CLI]")
    .addArgument(new Argument("<stack>", "which stack").choices(stacks))
    .argument("[options...]", `options of cdktf ${verb}`)
    .allowUnknownOption()
    .action((stack, options) => act(verb, stack, options));
