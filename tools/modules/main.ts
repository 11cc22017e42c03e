import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { environments } from "../../environments/index.ts";
import { writeBundles } from "../build/bundles.ts";
import { createCommand, main, oneOf } from "../cli/command.ts";
import { archive } from "./archive.ts";
import { MODULES, writeFiles } from "./write.ts";

await main(
  createCommand(
    "npm run modules --",
    `Writes the five as Terraform modules to ${MODULES}/<name>/; docs/terraform-modules.md says how to use them.`,
  )
    .option("--archive <file>", 'also write them into a zip, which a source = "https://…" can name')
    .option(
      "--moves <environment>",
      "also write the blocks that take its state to the modules, and back",
      oneOf(environments, ({ environment }) => environment),
    )
    .action(async ({ archive: file, moves: environment }) => {
      await writeBundles(["lambdas"]);
      // Loaded by those who need it: synthesis takes a second.
      const { moduleFiles, moveFiles } = await import("./files.ts");
      const files = moduleFiles();
      writeFiles(files, MODULES);
      if (file !== undefined) {
        await mkdir(path.dirname(path.resolve(file)), { recursive: true });
        await writeFile(file, archive(files));
        console.log(`wrote ${file}`);
      }
      if (environment) writeFiles(moveFiles(environment), `dist/moves/${environment.environment}`);
    }),
);
