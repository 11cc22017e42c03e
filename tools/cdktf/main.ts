// npm run plan -- <environment>, npm run apply -- <environment>: runs the pinned cdktf command line.
import { spawnSync } from "node:child_process";
import { environments } from "../../environments/index.ts";
import { tools } from "../setup/tools.ts";

const [verb = "", stack = "", ...options] = process.argv.slice(2);
const names = environments.map(({ environment }) => environment);
/** Each environment's stack, and the stack of its pipeline that an administrator applies. */
const stacks = [...names, ...names.map((name) => `pipeline-${name}`)];

function run(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, {
    stdio: "inherit",
    env: { CHECKPOINT_DISABLE: "1", ...process.env },
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!stacks.includes(stack)) {
  console.error(
    `${stack ? `There is no environment ${stack}` : "No environment is named"}: ` +
      `npm run ${verb} -- ${stacks.join("|")} [options of cdktf ${verb}]`,
  );
  process.exit(2);
}
// Not a dependency of the project: 400 MB that only those who deploy need.
if (!tools.cdktf.present()) run("npm", ["run", "--silent", "setup", "--", "--only", "cdktf"]);
run(tools.cdktf.path("cdktf"), [verb, stack, ...options]);
