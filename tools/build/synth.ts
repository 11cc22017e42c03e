import path from "node:path";
import { pathToFileURL } from "node:url";
import { createCommand, main } from "../cli/command.ts";
import { APP, writeBundles } from "./bundles.ts";

await main(
  createCommand(
    "npm run synth --",
    "Writes the Terraform JSON of every stack to cdktf.out/stacks/<stack>/cdk.tf.json. It needs no AWS account.",
  ).action(async () => {
    await writeBundles();
    await import(pathToFileURL(path.resolve(APP)).href);
  }),
);
