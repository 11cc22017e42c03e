import { main } from "./command.ts";

// A closed pipe (`| head`) must not stop a run half way.
process.stdout.on("error", () => {});
process.exitCode = await main(process.argv.slice(2));
