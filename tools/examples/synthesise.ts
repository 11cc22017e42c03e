import { App } from "cdktf";
import { examples } from "../../examples/stacks.ts";

/** Writes the example systems below `cdktf.out/stacks`, and names their files. */
export function synthesiseExamples(): void {
  const app = new App({ stackTraces: false, skipValidation: true });
  const stacks = examples(app);
  app.synth();
  for (const stack of stacks) console.log(`cdktf.out/stacks/${stack.node.id}/cdk.tf.json`);
}
