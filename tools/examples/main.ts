import { App } from "cdktf";
import { examples } from "../../examples/stacks.ts";
import { createCommand, main } from "../cli/command.ts";

await main(
  createCommand("npm run examples", "Synthesises the example systems to cdktf.out/stacks/.").action(() => {
    const app = new App({ stackTraces: false, skipValidation: true });
    const stacks = examples(app);
    app.synth();
    for (const stack of stacks) console.log(`cdktf.out/stacks/${stack.node.id}/cdk.tf.json`);
  }),
);
