// npm run bench:synth: how long synthesis takes, beside what it can't be faster than and what CDKTF's template does.
import { spawnSync } from "node:child_process";
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
import { median } from "../median.mjs";

const root = process.cwd();
const work = mkdtempSync(path.join(tmpdir(), "phenom-chat-bench-"));
const RUNS = 11;

/** One run as a whole process: seconds of wall time and MiB of its largest resident set. */
function run(command, args, options = {}) {
  const begun = process.hrtime.bigint();
  const { status, output } = spawnSync(command, args, {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
    ...options,
  });
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}`);
  return { seconds, mebibytes: Number(output[3] ?? Number.NaN) / 1024 };
}

const measured = (...args) => ["--require", path.join(root, "tools/bench/synth/peak-memory.cjs"), ...args];

/** The ways in turn, so that a slow minute of the machine is everyone's; the median of each. */
function compare(ways, runs) {
  const results = new Map(Object.keys(ways).map((name) => [name, []]));
  for (const way of Object.values(ways)) way();
  for (let i = 0; i < runs; i++)
    for (const [name, way] of Object.entries(ways)) results.get(name).push(way());
  return Object.fromEntries(
    [...results].map(([name, list]) => [
      name,
      { seconds: median(list.map((r) => r.seconds)), mebibytes: median(list.map((r) => r.mebibytes)) },
    ]),
  );
}

const sources = [
  "main.ts",
  "constructs",
  "environments",
  "lambdas",
  "mcp-server",
  "migrations",
  "modules",
  "shared",
  "stacks",
];

/** Every provider class that the app imports, imported and nothing else: from node_modules, and bundled as the app is. */
async function importsOnly() {
  const { metafile } = await build({
    entryPoints: ["main.ts"],
    bundle: true,
    platform: "node",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const specifiers = new Set(
    Object.values(metafile.inputs).flatMap(({ imports }) =>
      imports.map((i) => i.original).filter((s) => s && /^(cdktf|@cdktf\/provider-)/.test(s)),
    ),
  );
  const plain = path.join(work, "plain.cjs");
  writeFileSync(
    plain,
    [...specifiers]
      .sort()
      .map((s) => `require("${s}");`)
      .join("\n"),
  );
  symlinkSync(path.join(root, "node_modules"), path.join(work, "node_modules"));
  const bundled = path.join(work, "bundled.cjs");
  await build({
    entryPoints: [plain],
    outfile: bundled,
    bundle: true,
    platform: "node",
    target: "node20",
    logLevel: "error",
  });
  return { plain, bundled, count: specifiers.size };
}

/** The same constructs as CDKTF's template has them: ts-node, providers from their root index. */
function templateApp() {
  const folder = path.join(work, "template");
  mkdirSync(folder);
  for (const source of sources) cpSync(source, path.join(folder, source), { recursive: true });
  for (const file of ["cdktf.json", "build/lambdas"])
    cpSync(file, path.join(folder, file), { recursive: true });
  symlinkSync(path.join(root, "node_modules"), path.join(folder, "node_modules"));
  const camel = (name) => name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase());
  const files = sources.flatMap((source) =>
    source.endsWith(".ts")
      ? [source]
      : readdirSync(path.join(folder, source), { recursive: true }).map((file) => path.join(source, file)),
  );
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    const target = path.join(folder, file);
    if (file.endsWith(".test.ts")) {
      rmSync(target);
      continue;
    }
    const text = readFileSync(target, "utf8")
      .replaceAll(
        /^import (type )?\{([^}]*)\} from "(@cdktf\/provider-\w+)\/lib\/([\w-]+)";/gm,
        (_, allTypes, names, provider, resource) => {
          const namespace = camel(`${path.basename(provider)}-${resource}`);
          const own = names
            .split(",")
            .map((name) => name.trim())
            .filter(Boolean);
          const lines = own.map((name) => {
            const type = allTypes || name.startsWith("type ");
            const bare = name.replace(/^type /, "");
            return type
              ? `type ${bare} = ${namespace}.${bare};`
              : `const ${bare} = ${namespace}.${bare}; type ${bare} = ${namespace}.${bare};`;
          });
          return `import { ${camel(resource)} as ${namespace} } from "${provider}";\n${lines.join("\n")}`;
        },
      )
      .replaceAll(/(from "\.[^"]*)\.ts"/g, '$1"');
    writeFileSync(target, text);
  }
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

spawnSync(process.execPath, ["tools/run.mjs", "tools/build/main.ts"], { stdio: "inherit" });
const imports = await importsOnly();
const synthesis = compare(
  {
    plain: () => run(process.execPath, measured(imports.plain)),
    bundled: () => run(process.execPath, measured(imports.bundled)),
    synthesis: () => run(process.execPath, measured("build/main.cjs")),
  },
  RUNS,
);
const ratio = (a, b) => (a.seconds / b.seconds).toFixed(2);
const row = (name, { seconds, mebibytes }, note) =>
  console.log(
    `${name.padEnd(34)} ${seconds.toFixed(2).padStart(6)} s ${Number.isFinite(mebibytes) ? mebibytes.toFixed(0).padStart(5) : "    -"} MiB  ${note}`,
  );

row(
  "imports of the provider classes",
  synthesis.plain,
  `baseline, ${imports.count} modules from node_modules`,
);
row("the same, bundled as the app is", synthesis.bundled, "for comparison");
row(
  "synthesis of both environments",
  synthesis.synthesis,
  `${ratio(synthesis.synthesis, synthesis.plain)} times the imports (at most 1.5), ` +
    `${ratio(synthesis.synthesis, synthesis.bundled)} times the bundled ones; at most 200 MiB`,
);

if (!existsSync("bench/synth/node_modules"))
  spawnSync("npm", ["ci", "--prefix", "bench/synth"], { stdio: "inherit" });
const template = templateApp();
const whole = compare(
  {
    template: () =>
      run(
        process.execPath,
        measured(path.join(root, "bench/synth/node_modules/ts-node/dist/bin.js"), "main.ts"),
        {
          cwd: template,
          env: { ...process.env, TS_NODE_COMPILER: path.join(root, "bench/synth/node_modules/typescript") },
        },
      ),
    command: () => run("npm", ["run", "--silent", "synth"], { stdio: ["ignore", "ignore", "inherit"] }),
  },
  3,
);
row("CDKTF's template: ts-node, root", whole.template, "baseline, the same constructs");
row(
  "npm run synth",
  whole.command,
  `1/${(whole.template.seconds / whole.command.seconds).toFixed(1)} of the template (at most 1/8), bundling and zipping included`,
);
rmSync(work, { recursive: true, force: true });
