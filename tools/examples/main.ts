import { createCommand, main } from "../cli/command.ts";
import { synthesiseExamples } from "./synthesise.ts";

await main(
  createCommand("npm run examples --", "Synthesises the example systems to cdktf.out/stacks/.").action(
    synthesiseExamples,
  ),
);
