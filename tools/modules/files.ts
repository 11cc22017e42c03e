import { readFileSync } from "node:fs";
import path from "node:path";
import type { EnvironmentData } from "../../environments/schema.ts";
import { readMigrations } from "../../migrations/files.ts";
import { version } from "../../shared/version.ts";
import { moduleConfigurations } from "../../stacks/modules/index.ts";
import type { Configuration } from "../../stacks/modules/module-stack.ts";
import { synthesisedStack } from "../ops/synthesised.ts";
import { moves, toModules, toStack } from "./moves.ts";
import { readme } from "./readme.ts";

/** Versions that the resources of the modules need. The caller configures the providers. */
const versions = {
  required_version: ">= 1.11.0",
  required_providers: {
    aws: { source: "hashicorp/aws", version: ">= 6.27.0, < 7.0.0" },
    random: { source: "hashicorp/random", version: ">= 3.7.0, < 4.0.0" },
  },
};

/** Folder in which the build writes one zip for each function. */
const BUNDLES = "build/lambdas";

/**
 * Every file of the modules by its path below the folder of all modules. The same sources give the same bytes.
 * @param configurations @default - synthesised here
 */
export function moduleFiles(configurations = moduleConfigurations()): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [module, configuration] of Object.entries(configurations))
    for (const [name, content] of Object.entries(filesOf(module, structuredClone(configuration))))
      files.set(path.posix.join(module, name), typeof content === "string" ? Buffer.from(content) : content);
  return files;
}

/** Blocks that take a state of this environment's chat stack to the modules, and back. */
export function moveFiles(environment: EnvironmentData): Map<string, string> {
  const all = moves(synthesisedStack(environment).resources.map(({ address }) => address));
  return new Map([
    ["to-modules.tf.json", json(toModules(all))],
    ["to-cdktf.tf.json", json(toStack(all))],
  ]);
}

function filesOf(module: string, configuration: Configuration): Record<string, string | Uint8Array> {
  const { variable, output, data, ephemeral, resource } = configuration;
  const zips: Record<string, Uint8Array> = {};
  for (const fn of Object.values(resource["aws_lambda_function"] ?? {})) {
    const zip = path.basename(String(fn["filename"]));
    zips[zip] = readFileSync(path.join(BUNDLES, zip));
    fn["filename"] = `\${path.module}/${zip}`;
  }
  const { random, ...others } = versions.required_providers;
  const needsRandom = "random_password" in ephemeral;
  return {
    "main.tf.json": json({
      "//": `${module} ${version}, written by npm run modules of phenom-chat`,
      ...present({ data, ephemeral, resource }),
    }),
    "variables.tf.json": json({ variable }),
    "outputs.tf.json": json({ output }),
    "versions.tf.json": json({
      terraform: { ...versions, required_providers: { ...others, ...(needsRandom && { random }) } },
    }),
    "README.md": readme(module, configuration),
    ...zips,
    ...(module === "chat-hasura-lite" && migrations()),
  };
}

/** The schema for people who run it with psql. The migration task has its own copy. */
const migrations = () =>
  Object.fromEntries(readMigrations().map(({ name, sql }) => [`sql/${name}.sql`, sql] as const));

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

const present = (blocks: Record<string, object>) =>
  Object.fromEntries(Object.entries(blocks).filter(([, body]) => Object.keys(body).length > 0));
