// npm run setup: installs the tools of tools.ts that are missing.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { available, byHand, distribution, install, type Machine, passesCheck } from "./install.ts";
import { all, named, readOptions, UsageError, usage } from "./options.ts";
import { runInto, SetupError } from "./run.ts";
import { find, type Tool } from "./tools.ts";

const width = Math.max(...all.map(({ name }) => name.length)) + 2;
const column = (text: string) => text.padEnd(width);

function list(): void {
  for (const tool of all)
    console.log(
      `${column(tool.name)}${column(tool.version ?? "")}${tool.present() ? "there    " : "missing  "}${tool.purpose}`,
    );
}

function thisMachine(): Machine {
  return {
    platform: process.platform,
    distribution: distribution(),
    hasApt: find(["apt-get"]) !== undefined,
    root: process.getuid?.() === 0 || maySudo(),
  };
}

/** Asks for the password where a person sits at the terminal. */
function maySudo(): boolean {
  if (!find(["sudo"])) return false;
  if (spawnSync("sudo", ["--non-interactive", "true"], { stdio: "ignore" }).status === 0) return true;
  return process.stdin.isTTY === true && spawnSync("sudo", ["--validate"], { stdio: "inherit" }).status === 0;
}

const logOf = ({ name }: Tool) => runInto(path.join(".tools", "logs", `${name}.log`));

async function isMissing(tool: Tool): Promise<boolean> {
  return !tool.present() || (tool.check !== undefined && !(await passesCheck(tool, logOf(tool))));
}

/** Lets `limit` tasks run at a time. */
function queue(limit: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (running === limit) await new Promise<void>((go) => waiting.push(go));
    else running++;
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

const thatMany = (count: number) => (count === 1 ? "The tool is" : `All ${count} tools are`);

async function setUp(wanted: readonly Tool[]): Promise<number> {
  const started = Date.now();
  const seconds = (since: number) => `${((Date.now() - since) / 1000).toFixed(1)} s`;
  const here = wanted.filter((tool) => available(tool, process));
  const missing = (
    await Promise.all(here.map(async (tool) => ((await isMissing(tool)) ? [tool] : [])))
  ).flat();
  if (missing.length === 0) {
    console.log(`${thatMany(here.length)} there.`);
    return 0;
  }
  const some = missing.some(({ source }) => source.kind === "system");
  const manual = some ? byHand(missing, thisMachine()) : { tools: [], sentences: [] };
  console.log(`To install: ${missing.map(({ name }) => name).join(", ")}`);
  // One at a time, since dpkg is locked; two others beside it, since they mostly wait for the network.
  const [packages, others] = [queue(1), queue(2)];
  const results = new Map<Tool, Promise<boolean>>();
  const ensure = (tool: Tool): Promise<boolean> => {
    const known = results.get(tool);
    if (known) return known;
    const result = missing.includes(tool) ? installAfterNeeds(tool) : Promise.resolve(true);
    results.set(tool, result);
    return result;
  };
  const installAfterNeeds = async (tool: Tool): Promise<boolean> => {
    if (manual.tools.includes(tool)) return report(tool, "must be installed by hand, see below", false);
    for (const need of tool.needs ?? [])
      if (!(await ensure(named(need)))) return report(tool, `needs ${need}, which is missing`, false);
    return (tool.source.kind === "system" ? packages : others)(async () => {
      const since = Date.now();
      try {
        await install(tool, logOf(tool));
        return report(tool, seconds(since), true);
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        return report(tool, `failed after ${seconds(since)}: ${error.message}`, false);
      }
    });
  };
  const report = (tool: Tool, text: string, done: boolean) => {
    console.log(`${column(tool.name)}${column(tool.version ?? "")}${text}`);
    return done;
  };
  const done = (await Promise.all(missing.map(ensure))).filter(Boolean).length;
  for (const sentence of manual.sentences) console.error(sentence);
  if (done === missing.length) console.log(`${thatMany(here.length)} there, after ${seconds(started)}.`);
  else
    console.error(
      `${missing.length - done} of ${missing.length} are still missing; run npm run setup again to go on.`,
    );
  return done === missing.length ? 0 : 1;
}

try {
  const { mode, wanted } = readOptions(process.argv.slice(2));
  if (mode === "help") console.log(usage);
  else if (mode === "list") list();
  else process.exitCode = await setUp(wanted);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
