// All stacks, then the modules and the examples, by one process that loads the provider classes once.
import "../../main.ts";
import { synthesiseExamples } from "../examples/synthesise.ts";
import { moduleFiles } from "../modules/files.ts";
import { MODULES, writeFiles } from "../modules/write.ts";

// The stacks have said what is wrong.
if (!process.exitCode) {
  writeFiles(moduleFiles(), MODULES);
  synthesiseExamples();
}
