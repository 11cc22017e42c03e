import path from "node:path";
import { pathToFileURL } from "node:url";
import { environments } from "../../environments/index.ts";
import { stacksOf } from "../../environments/stack-names.ts";
import { createCommand, main } from "../cli/command.ts";
import { placeLock } from "../terraform/lock.ts";
import { apps, writeBundles } from "./bundles.ts";

await main(
  createCommand(
    "npm run synth --",
    "Writes the Terraform JSON of every stack to cdktf.out/stacks/<stack>/cdk.tf.json. It needs no AWS account.",
  )
    .option("--everything", "also what npm run modules and npm run examples write", false)
    .action(async ({ everything }) => {
      const app = everything ? "everything" : "app";
      await writeBundles([app, "lambdas"]);
      await import(pathToFileURL(path.resolve(apps[app].bundle)).href);
      if (process.exitCode) return;
      for (const { environment } of environments)
        for (const stack of stacksOf(environment))
          placeLock(environment, path.join("cdktf.out/stacks", stack));
    }),
);
