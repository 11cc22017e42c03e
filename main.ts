import { App } from "cdktf";
import { environments } from "./environments/index.ts";
import { EnvironmentError } from "./environments/schema.ts";
import { synthesise } from "./stacks/synthesise.ts";

try {
  synthesise(new App({ stackTraces: false, skipValidation: true }), environments);
} catch (error) {
  console.error(error instanceof EnvironmentError ? error.message : error);
  process.exitCode = 1;
}
