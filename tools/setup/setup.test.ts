import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { strToU8, zipSync } from "fflate";
import { byHand, download, install, type Machine } from "./install.ts";
import { readOptions, UsageError } from "./options.ts";
import { requireTools } from "./require-tools.ts";
import { runInto } from "./run.ts";
import { define, type Tool, tools } from "./tools.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "phenom-setup-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the table of tools", () => {
  const all: readonly Tool[] = Object.values(tools);

  it("names only tools that exist as needs", () => {
    for (const { needs = [] } of all) expect(Object.keys(tools)).toEqual(expect.arrayContaining([...needs]));
  });

  it("pins the version of everything that the distribution does not choose", () => {
    for (const { name, source, version } of all)
      if (source.kind === "npm") for (const each of source.packages) expect(each).toMatch(/.@\d+\.\d+\.\d+$/);
      else if (source.kind === "pypi")
        for (const each of source.packages) expect(each).toMatch(/==\d[\w.]+$/);
      else if (source.kind === "go") expect(source.module).toMatch(/@v\d+\.\d+\.\d+$/);
      else if (source.kind !== "system")
        expect([name, version]).toEqual([name, expect.stringMatching(/^\d/)]);
  });

  it("shows the version that the lock file of a tool has", () => {
    for (const [name, packageName] of [
      ["cdktf", "cdktf-cli"],
      ["mcp-clients", "@modelcontextprotocol/inspector"],
      ["agent-frameworks", "ai"],
      ["matrix-sdk", "matrix-js-sdk"],
    ] as const) {
      const { source, version } = tools[name];
      const file = source.kind === "npm-lock" ? `${source.folder}/package.json` : "";
      expect(JSON.parse(readFileSync(file, "utf8")).dependencies[packageName]).toBe(version);
    }
  });
});

describe("requireTools", () => {
  it("names the tools that are not installed, and the command that installs them", () => {
    const { missing, node } = define(
      {
        missing: { purpose: "", source: { kind: "pypi", packages: [] }, programs: { python: "bin/python" } },
        node: { purpose: "", source: { kind: "system", debian: [] }, programs: { node: [process.execPath] } },
      },
      folder,
    );
    expect(() => requireTools(node, missing)).toThrow(
      expect.objectContaining({ text: "Not installed: missing\nRun: npm run setup -- --only missing" }),
    );
    expect(() => requireTools(node)).not.toThrow();
  });
});

describe("a tool", () => {
  /** A folder with a package that has a program and, so that no registry is asked, no dependency. */
  function sample(): Tool {
    const source = path.join(folder, "source");
    mkdirSync(source, { recursive: true });
    lock({ name: "sample", version: "1.0.0" });
    return define(
      {
        sample: {
          purpose: "stands for any tool",
          source: { kind: "npm-lock", folder: source },
          programs: { sample: "package.json" },
        },
      },
      folder,
    ).sample;
  }

  function lock(content: { name: string; version: string }): void {
    const files = {
      "package.json": content,
      "package-lock.json": { ...content, lockfileVersion: 3, requires: true, packages: { "": content } },
    };
    for (const [file, value] of Object.entries(files))
      writeFileSync(path.join(folder, "source", file), JSON.stringify(value));
  }

  const installed = (tool: Tool) => install(tool, runInto(path.join(folder, "log")));

  it("is there when its installation is complete, until the table or a lock file names another version", async () => {
    const tool = sample();
    expect(tool.present()).toBe(false);
    mkdirSync(tool.folder, { recursive: true });
    writeFileSync(tool.path("sample"), "half a file");
    expect(tool.present()).toBe(false);
    await installed(tool);
    expect(tool.present()).toBe(true);
    expect(readFileSync(tool.path("sample"), "utf8")).toContain('"1.0.0"');
    lock({ name: "sample", version: "1.0.1" });
    expect(tool.present()).toBe(false);
    await installed(tool);
    expect(tool.present()).toBe(true);
  });

  it("says in one sentence why it could not be installed, and stays missing", async () => {
    const tool = sample();
    writeFileSync(path.join(folder, "source", "package-lock.json"), "{");
    await expect(installed(tool)).rejects.toThrow(
      /^"npm ci .*" ended with exit code 1: .+ \(all of its output: .+log\)$/,
    );
    expect(tool.present()).toBe(false);
    expect(readFileSync(path.join(folder, "log"), "utf8")).toContain("$ npm ci");
  });
});

describe("HashiCorp's release of Terraform", () => {
  const version = "1.11.4";
  const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
  const zip = zipSync({ terraform: strToU8("#!/bin/sh\n"), "LICENSE.txt": strToU8("text") });
  const sha256 = { [platform]: createHash("sha256").update(zip).digest("hex") };

  async function served<T>(answer: RequestListener, use: (site: string) => Promise<T>): Promise<T> {
    const server = createServer(answer);
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    try {
      return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it("is unpacked when its checksum is the pinned one", async () => {
    const asked: unknown[] = [];
    const program = await served(
      ({ url }, response) => {
        asked.push(url);
        response.end(zip);
      },
      (site) => download({ version, sha256 }, site),
    );
    expect(Buffer.from(program ?? []).toString()).toBe("#!/bin/sh\n");
    expect(asked).toEqual([`/terraform/1.11.4/terraform_1.11.4_${platform}.zip`]);
  });

  it("is refused with another checksum", async () => {
    const wrong = { [platform]: "0".repeat(64) };
    const refused = served(
      (_, response) => response.end(zip),
      (site) => download({ version, sha256: wrong }, site),
    );
    await expect(refused).rejects.toThrow(new RegExp(`SHA-256 ${sha256[platform]}, and must have 0{64}$`));
  });

  it("is not looked for on a platform without a pinned checksum", async () => {
    expect(await download({ version, sha256: {} })).toBeUndefined();
  });
});

describe("a machine on which setup cannot install packages", () => {
  const debian: Machine = { platform: "linux", distribution: "debian", hasApt: true, root: true };
  const missing = [tools.redis, tools.chromium, tools.synapse];
  const sentences = (machine: Partial<Machine>) => byHand(missing, { ...debian, ...machine }).sentences;

  it("is told what to install: with Homebrew on macOS", () => {
    expect(sentences({ platform: "darwin", distribution: "", hasApt: false })).toEqual([
      "Install with Homebrew: brew install redis && brew install --cask google-chrome",
    ]);
  });

  it("is told Debian's names on another Linux", () => {
    expect(sentences({ distribution: "fedora", hasApt: false })).toEqual([
      "There is no apt-get here. Install what Debian calls redis-server chromium.",
    ]);
  });

  it("is told the command for root where nobody can become root", () => {
    expect(sentences({ root: false })).toEqual([
      "Only root can install packages: sudo apt-get install redis-server chromium",
    ]);
  });

  it("is told to install Chrome on Ubuntu, and the rest is installed", () => {
    const { tools: left, sentences } = byHand(missing, { ...debian, distribution: "ubuntu" });
    expect(left.map(({ name }) => name)).toEqual(["chromium"]);
    expect(sentences).toEqual([expect.stringContaining("install Google Chrome")]);
  });

  it("is not Debian", () => {
    expect(byHand(missing, debian)).toEqual({ tools: [], sentences: [] });
  });
});

describe("npm run setup", () => {
  const names = (...args: string[]) => readOptions(args).wanted.map(({ name }) => name);

  it("takes single tools, with all that they need", () => {
    expect(names("--only", "actionlint")).toEqual(["python", "uv", "go", "actionlint"]);
    expect(names("--only", "redis", "psql")).toEqual(["psql", "redis"]);
    expect(names("--only", "redis,psql", "--only", "curl")).toEqual(["curl", "psql", "redis"]);
  });

  it("takes every tool when none is named", () => {
    expect(names()).toEqual(Object.keys(tools));
  });

  it.each([
    [["--only", "redsi"], "There is no tool redsi; --list shows all"],
    [["redis"], "Unknown argument redis; to install single tools: npm run setup -- --only redis"],
    [["--fast"], "Unknown option '--fast'"],
    [["--only"], "Option '--only <value>' argument missing"],
    [["--only", ","], "--only needs the name of a tool; --list shows all"],
  ])("says in one sentence what is wrong with %j", (args, sentence) => {
    expect(() => readOptions(args)).toThrow(new UsageError(sentence));
  });

  it("lists each tool with its version and its purpose", () => {
    const list = execFileSync("npm", ["run", "--silent", "setup", "--", "--list"], { encoding: "utf8" });
    expect(list).toMatch(/^moto +5\.2\.5 +(?:there|missing) +emulates Cognito/m);
    expect(list.trim().split("\n")).toHaveLength(Object.keys(tools).length);
  });
});
