import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import { keepSecrets } from "./account.ts";
import { check } from "./check/check.ts";
import { loadSchema, providerNames, providers } from "./plugin/schema.ts";
import { type Environment, emptyCliConfig, execute, terraform } from "./programs.ts";
import { type RunningProviders, startProviders } from "./providers/index.ts";
import { newRunState, type RunState } from "./run-state.ts";

const USAGE = `usage: npm run terraform-offline -- DIR COMMAND [ARGUMENTS]

  DIR init|validate|plan|apply|show|destroy|output|... [terraform's arguments]
      runs terraform in DIR with the stand-in providers attached
  DIR check [--json FILE] [--state FILE] [--var NAME=VALUE]... [--var-file FILE]
            [--remote-outputs FILE] [--data FILE] [--mutate FILE]...
            [--no-warnings] [--plan-only] [--keep]
      in a copy of DIR: init, plan, apply, a second plan that must be empty,
      a plan after each change of --mutate, destroy; one line for each step
  DIR exec -- COMMAND [ARGUMENTS]
      runs any command in the current folder with the stand-in providers
      attached; DIR is where relative file names are looked up
  types
      the resource types, data sources and ephemeral resources that are served

TF_VAR_* and other TF_* settings are passed on. TF_OFFLINE_TERRAFORM names
another terraform program; TF_OFFLINE_NO_CHECKS=1 turns the checks of values
off (schemas still hold); TF_OFFLINE_ROLE names a file of the role whose
policies are enforced; TF_OFFLINE_DEBUG=1 shows failures of the tool itself.`;

const WRONG_USAGE = 3;

/** Says what is wrong with the command, and returns its exit code. */
function refuse(message: string): number {
  console.error(`terraform-offline: ${message}`);
  return WRONG_USAGE;
}

function types(): number {
  for (const name of providerNames) {
    const { provider_version, resource_schemas, data_source_schemas, ephemeral_resource_schemas } =
      loadSchema(name);
    const { source, protocol } = providers[name];
    console.log(`${source} ${provider_version} (protocol ${protocol})`);
    for (const type of Object.keys(resource_schemas).sort()) console.log(`  resource ${type}`);
    for (const type of Object.keys(data_source_schemas).sort()) console.log(`  data     ${type}`);
    for (const type of Object.keys(ephemeral_resource_schemas).sort()) console.log(`  ephemeral ${type}`);
  }
  return 0;
}

/** Why Terraform can't be run in the folder; `undefined` if it can. */
function unusable(folder: string): string | undefined {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return `${folder} is not a folder`;
  if (!readdirSync(folder).some((file) => /\.tf(\.json)?$/.test(file)))
    return `${folder} holds no *.tf or *.tf.json file; for CDKTF, name cdktf.out/stacks/<stack>`;
  return undefined;
}

/** @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  const [folder, ...rest] = args[0] === "--dir" ? args.slice(1) : args;
  const [command, ...commandArgs] = rest[0] === "--" ? rest.slice(1) : rest;
  if (folder === "types" && command === undefined) return types();
  const help = folder === "--help" || folder === "-h";
  if (folder === undefined || command === undefined || help) {
    (help ? console.log : console.error)(USAGE);
    return help ? 0 : WRONG_USAGE;
  }
  return run(folder, command, commandArgs);
}

async function run(folder: string, command: string, args: readonly string[]): Promise<number> {
  if (command === "exec") return exec(folder, args[0] === "--" ? args.slice(1) : args);
  const reason = unusable(folder);
  if (reason !== undefined) return refuse(reason);
  return withProviders(newRunState(path.resolve(folder)), async (env, state) =>
    command === "check"
      ? check(args, env, state)
      : (await terraform([command, ...args], { folder: state.folder, env })).code,
  );
}

async function exec(folder: string, [program, ...args]: readonly string[]): Promise<number> {
  if (program === undefined) return refuse("exec needs a command: DIR exec -- COMMAND [ARGUMENTS]");
  const state = newRunState(path.resolve(folder));
  return withProviders(state, (env) => execute(program, args, env));
}

/** Runs something with the stand-in providers, and says in one line why it could not. */
async function withProviders(
  state: RunState,
  task: (env: Environment, state: RunState) => Promise<number>,
): Promise<number> {
  const cliConfig = emptyCliConfig();
  let servers: RunningProviders | undefined;
  try {
    servers = await startProviders(state);
    return await task({ ...cliConfig.env, ...servers.env }, state);
  } catch (error) {
    const { stack, message } = error instanceof Error ? error : new Error(String(error));
    return refuse(String(process.env["TF_OFFLINE_DEBUG"] ? stack : message));
  } finally {
    servers?.stop();
    keepSecrets(state.secrets.values());
    cliConfig.remove();
  }
}
