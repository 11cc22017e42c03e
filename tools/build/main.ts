import { Argument } from "@commander-js/extra-typings";
import { createCommand, main } from "../cli/command.ts";
import { bundleNames, writeBundles } from "./bundles.ts";

await main(
  createCommand(
    "node tools/run.mjs tools/build/main.ts",
    "Bundles what is deployed and the app, into build/.",
  )
    .addArgument(new Argument("[bundles...]", "which bundles to write").choices(bundleNames))
    .action((names) => writeBundles(names.length ? names : bundleNames)),
);
