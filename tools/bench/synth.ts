// Every command runs as a whole process, and the variants take turns.
import { execFileSync, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { build } from "esbuild";
import * as z from "zod";
import { median } from "../ab/statistics.ts";
import { appBundle } from "../build/bundle-options.ts";
import { apps, writeBundles } from "../build/bundles.ts";
import { tools } from "../setup/tools.ts";
import { alternate, type Figure, mapValues, type Run } from "./benchmark.ts";

export const name = "synth";
export const description =
  "synthesis of all stacks, against the imports of the provider classes alone and against CDKTF's template; of modules and examples, too";

/** ts-node and the compiler that it needs: only this benchmark uses them, so they are no dependencies of the project. */
const TEMPLATE_PACKAGES = path.resolve("tools/bench/synth");

export async function measure(run: Run): Promise<Figure[]> {
  const work = mkdtempSync(path.join(tmpdir(), "phenom-bench-"));
  try {
    await writeBundles();
    return [
      ...(await againstImports(work, run)),
      await againstTemplate(work, run),
      ...(await everything(run)),
    ];
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

interface Usage {
  readonly seconds: number;
  /** Largest resident set. */
  readonly mebibytes: number;
}

async function againstImports(work: string, { quick, progress }: Run): Promise<Figure[]> {
  const node = measuredNode(work);
  const imports = await importsOnly(work);
  const variants = {
    plain: () => node([imports.plain]),
    bundled: () => node([imports.bundled]),
    synthesis: () => node([apps.app.bundle]),
  };
  const rounds = quick ? 2 : 11;
  progress(`${rounds} syntheses, and as many processes that only import ${imports.count} modules`);
  await alternate(variants, 1);
  const { plain, bundled, synthesis } = mapValues(await alternate(variants, rounds), medians);
  const synthesised = { label: "synthesis of all stacks", measured: synthesis.seconds, unit: "s" } as const;
  return [
    {
      ...synthesised,
      baseline: { label: "imports of the provider classes", measured: plain.seconds },
      target: { atMost: 1.5 },
    },
    { ...synthesised, baseline: { label: "the same imports, bundled", measured: bundled.seconds } },
    {
      label: "synthesis of all stacks, largest resident set",
      measured: synthesis.mebibytes,
      unit: "MiB",
      target: { atMost: 200 },
    },
  ];
}

async function againstTemplate(work: string, { quick, progress }: Run): Promise<Figure> {
  if (!existsSync(path.join(TEMPLATE_PACKAGES, "node_modules"))) {
    progress("npm ci of ts-node");
    execFileSync("npm", ["ci", "--prefix", TEMPLATE_PACKAGES]);
  }
  const packages = path.join(TEMPLATE_PACKAGES, "node_modules");
  const cwd = templateApp(work);
  const variants = {
    template: () =>
      command(process.execPath, [path.join(packages, "ts-node/dist/bin.js"), "main.ts"], {
        cwd,
        env: { ...process.env, TS_NODE_COMPILER: path.join(packages, "typescript") },
      }),
    ours: () => command("npm", ["run", "--silent", "synth"]),
  };
  const rounds = quick ? 1 : 3;
  progress(`${rounds} times npm run synth and CDKTF's template`);
  if (!quick) await alternate(variants, 1);
  const { template, ours } = mapValues(await alternate(variants, rounds), medians);
  return {
    label: "npm run synth, with bundling and zipping",
    measured: ours.seconds,
    unit: "s",
    baseline: { label: "CDKTF's template", measured: template.seconds },
    target: { atMost: 1 / 8 },
  };
}

/** Stacks, modules and examples: the command as people call it, with all its processes. */
async function everything({ quick, progress }: Run): Promise<Figure[]> {
  const rounds = quick ? 2 : 7;
  progress(`${rounds} times npm run synth -- --everything`);
  whole();
  const runs = Array.from({ length: rounds }, whole);
  const label =
    "synthesis of everything (chat, platform, pipeline, modules, examples), with bundling and zipping";
  const of = (take: (usage: WholeUsage) => number) => median(runs.map(take));
  return [
    { label, measured: of(({ seconds }) => seconds), unit: "s", target: { atMost: 3 } },
    { label: "the same, CPU time of all processes", measured: of(({ cpuSeconds }) => cpuSeconds), unit: "s" },
    {
      label: "the same, largest resident set of a process",
      measured: of(({ mebibytes }) => mebibytes),
      unit: "MiB",
      target: { atMost: 250 },
    },
  ];
}

interface WholeUsage extends Usage {
  readonly cpuSeconds: number;
}

/**
 * Node.js does not tell what children's children used; Python does, once it has waited for them. Orphans become its own
 * children (PR_SET_CHILD_SUBREAPER, 36), because esbuild's process outlives the one that started it.
 */
const MEASURED_COMMAND = `
import ctypes, json, os, resource, subprocess, sys, time
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
start = time.time()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.time() - start
try:
    while True: os.wait()
except ChildProcessError:
    pass
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": seconds, "cpuSeconds": used.ru_utime + used.ru_stime, "mebibytes": used.ru_maxrss / 1024}))`;
const wholeUsage = z.object({ seconds: z.number(), cpuSeconds: z.number(), mebibytes: z.number() });

function whole(): WholeUsage {
  const command = ["npm", "run", "--silent", "synth", "--", "--everything"];
  const printed = execFileSync(tools.python.path("python"), ["-c", MEASURED_COMMAND, ...command], {
    encoding: "utf8",
  });
  return wholeUsage.parse(JSON.parse(printed));
}

const medians = (runs: readonly Usage[]): Usage => ({
  seconds: median(runs.map(({ seconds }) => seconds)),
  mebibytes: median(runs.map(({ mebibytes }) => mebibytes)),
});

interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a command to its end; Node.js programs of `measuredNode` report their memory on file descriptor 3. */
function command(file: string, args: readonly string[], options: CommandOptions = {}): Usage {
  const start = performance.now();
  const { status, output } = spawnSync(file, args, {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
    encoding: "utf8",
    ...options,
  });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`${file} ${args.join(" ")} exited with ${status}`);
  return { seconds, mebibytes: Number(output[3] || Number.NaN) / 1024 };
}

/** Runs Node.js so that the process reports its largest resident set when it exits. */
function measuredNode(work: string): (args: readonly string[]) => Usage {
  const reporter = path.join(work, "peak-memory.cjs");
  writeFileSync(
    reporter,
    'process.on("exit", () => require("node:fs").writeSync(3, String(process.resourceUsage().maxRSS)));',
  );
  return (args) => command(process.execPath, ["--require", reporter, ...args]);
}

/** Programs that import every provider class of the app and nothing else: from node_modules, and bundled as the app is. */
async function importsOnly(work: string): Promise<{ plain: string; bundled: string; count: number }> {
  const { metafile } = await build({ ...appBundle, entryPoints: ["main.ts"], write: false, metafile: true });
  const imported = Object.values(metafile.inputs).flatMap(({ imports }) =>
    imports.map(({ original }) => original ?? "").filter((each) => /^(cdktf|@cdktf\/provider-)/.test(each)),
  );
  const specifiers = [...new Set(imported)].sort();
  const plain = path.join(work, "plain.cjs");
  writeFileSync(plain, specifiers.map((specifier) => `require("${specifier}");`).join("\n"));
  symlinkSync(path.resolve("node_modules"), path.join(work, "node_modules"));
  const bundled = path.join(work, "bundled.cjs");
  await build({ ...appBundle, entryPoints: [plain], outfile: bundled });
  return { plain, bundled, count: specifiers.length };
}

/** Folders and files that synthesis reads. */
const sources = [
  ...["main.ts", "constructs", "environments", "lambdas", "mcp-server", "migrations", "modules"],
  ...["shared", "stacks", "cdktf.json", "build/lambdas"],
];

/** The same constructs in the way of CDKTF's template: run by ts-node, provider classes from the root index. */
function templateApp(work: string): string {
  const folder = path.join(work, "template");
  mkdirSync(folder);
  for (const source of sources) cpSync(source, path.join(folder, source), { recursive: true });
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const target = path.join(folder, file);
    if (file.endsWith(".test.ts")) rmSync(target);
    else if (file.endsWith(".ts")) writeFileSync(target, asInTemplate(readFileSync(target, "utf8")));
  }
  symlinkSync(path.resolve("node_modules"), path.join(folder, "node_modules"));
  writeFileSync(
    path.join(folder, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "es2022",
        lib: ["es2023"],
        module: "commonjs",
        moduleResolution: "node",
        strict: true,
        esModuleInterop: true,
        skipLibCheck: true,
        resolveJsonModule: true,
        types: ["node"],
      },
    }),
  );
  writeFileSync(path.join(folder, "package.json"), JSON.stringify({ type: "commonjs", version: "0.0.0" }));
  return folder;
}

/** A source file with provider classes from the root index, and imports without .ts and attributes. */
const asInTemplate = (source: string): string =>
  source
    .replaceAll(
      /^import (type )?\{([^}]*)\} from "(@cdktf\/provider-\w+)\/lib\/([\w-]+)";/gm,
      (_, allTypes: string | undefined, names: string, provider: string, resource: string) => {
        const namespace = camelCase(`${path.basename(provider)}-${resource}`);
        const lines = names
          .split(",")
          .map((imported) => imported.trim())
          .filter(Boolean)
          .map((imported) => {
            const [bare = "", name = bare] = imported.replace(/^type /, "").split(" as ");
            const type = `type ${name} = ${namespace}.${bare};`;
            return allTypes || imported.startsWith("type ")
              ? type
              : `const ${name} = ${namespace}.${bare}; ${type}`;
          });
        return `import { ${camelCase(resource)} as ${namespace} } from "${provider}";\n${lines.join("\n")}`;
      },
    )
    .replaceAll(/(from "\.[^"]*)\.ts"/g, '$1"')
    .replaceAll(' with { type: "json" };', ";");

const camelCase = (kebab: string) => kebab.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
