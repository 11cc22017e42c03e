import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Argument } from "@commander-js/extra-typings";
import { createCommand, main } from "../cli/command.ts";
import { EXIT, Problem } from "../cli/problem.ts";
import { page } from "./page.ts";

await main(
  createCommand(
    "npm run review --",
    "Writes a plan as a page for reviewers: one HTML file that loads nothing.",
  )
    .addArgument(new Argument("<plan.json>", "what terraform show -json <plan> printed"))
    .option("--out <file>", "where the page is written (default: beside the plan, with the ending .html)")
    .option("--title <text>", "what is planned, such as the environment (default: the name of the file)")
    .action((file, { out = file.replace(/(\.json)?$/, ".html"), title = path.basename(file, ".json") }) => {
      writeFileSync(out, page(read(file), file, title));
      console.log(`written: ${out}`);
    }),
);

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new Problem(`There is no file ${file}.`, "Write it with terraform show -json <plan>", EXIT.usage);
  }
}
