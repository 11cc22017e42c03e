// `npm run plan -- <environment>` and `npm run apply -- <environment>`: the pinned cdktf command line.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

const cli = "deploy/node_modules/.bin/cdktf";
const [verb, stack, ...options] = process.argv.slice(2);
const environments = readdirSync("environments")
  .filter((file) => file.endsWith(".ts") && file !== "index.ts")
  .map((file) => file.slice(0, -".ts".length));
/** Each environment's stack, and the one that an administrator applies for its pipeline. */
const stacks = [...environments, ...environments.map((name) => `pipeline-${name}`)];

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    stdio: "inherit",
    env: { CHECKPOINT_DISABLE: "1", ...process.env },
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

if (!stacks.includes(stack)) {
  console.error(
    `${stack ? `there is no environment ${stack}` : "no environment is named"}: ` +
      `npm run ${verb} -- ${stacks.join("|")} [options of cdktf ${verb}]`,
  );
  process.exit(2);
}
// Not a dependency of the project: 400 MB that only those who deploy need.
if (!existsSync(cli)) run("npm", ["ci", "--prefix", "deploy"]);
run(cli, [verb, stack, ...options]);
