import { App } from "cdktf";
import { examples } from "./stacks.ts";

const app = new App({ stackTraces: false, skipValidation: true });
const stacks = examples(app);
app.synth();
for (const stack of stacks) console.log(`cdktf.out/stacks/${stack.node.id}/cdk.tf.json`);
