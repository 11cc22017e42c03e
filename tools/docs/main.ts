import { createCommand, main } from "../cli/command.ts";

await main(
  createCommand("npm run docs --", "Writes every document that is generated from the code.").action(
    async () => {
      // Loaded by those who need it: synthesis takes a second.
      const { writeDocuments } = await import("./documents.ts");
      await writeDocuments();
    },
  ),
);
