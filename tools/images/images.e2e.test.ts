import { execFile, spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { containerPaths, SYNAPSE_UID } from "../../modules/chat-synapse/homeserver/container.ts";
import { version } from "../../shared/version.ts";
import { describeAsRootWith } from "../../test/jest/describe-if.ts";
import { IMAGE_PROGRAMS_FOLDER } from "../build/bundle-options.ts";
import { tryTools } from "../pipeline/try-tools.ts";
import { type ImageName, imageNames, images, nodeVersion, synapseVersion } from "./catalog.ts";
import { chooseEngine } from "./engine.ts";
import { sbomFile } from "./sbom.ts";

const run = promisify(execFile);
const tagOf = (name: ImageName) => `${images[name].repository}:${version}`;

const lock = z.object({ packages: z.record(z.string(), z.object({ version: z.string() })) });

/** Package URLs in an image's SBOM, without qualifiers: `pkg:npm/pg@8.23.1`. */
function packagesIn(name: ImageName, type: string): string[] {
  const sbom = z
    .object({ components: z.array(z.object({ purl: z.string().optional() })) })
    .parse(JSON.parse(readFileSync(sbomFile(name), "utf8")));
  const urls = sbom.components.flatMap(({ purl = "" }) => decodeURIComponent(purl.split("?")[0] ?? ""));
  return urls.filter((url) => url.startsWith(`pkg:${type}/`)).sort();
}

/** Runs a program of an image as the image's user. */
function runIn(folder: string, user: string, command: readonly string[]) {
  const { status, stdout, stderr } = spawnSync("chroot", [`--userspec=${user}`, folder, ...command], {
    encoding: "utf8",
    env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" },
  });
  return { status, output: (stdout + stderr).trim() };
}

/** Paths below the folders where programs are, of those named. */
const programs = (folder: string, names: readonly string[]) =>
  ["bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "app"]
    .flatMap((place) => names.map((name) => path.join(place, name)))
    .filter((file) => existsSync(path.join(folder, file)));

describeAsRootWith(
  "image-tools",
  "uv",
  "syft",
)("the images, built on stand-ins of their bases", () => {
  const engine = () => chooseEngine("buildah");

  beforeAll(async () => {
    const options = ["--stand-ins", "--engine", "buildah", "--sbom"];
    await run("npm", ["run", "--silent", "images", "--", ...options]);
  }, 900_000);

  it.each(imageNames)("%s: is labelled with the release and the commit", async (name) => {
    const { stdout: commit } = await run("git", ["rev-parse", "HEAD"]);
    expect(engine().config(tagOf(name)).labels).toMatchObject({
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": commit.trim(),
    });
  });

  it.each(imageNames)("%s: has its health check's program, its command and no npm", async (name) => {
    const { healthCheck, entrypoint, command } = engine().config(tagOf(name));
    expect(healthCheck[0]).toBe("CMD");
    await engine().withFiles(tagOf(name), async (folder) => {
      for (const program of [healthCheck[1] ?? "", [...entrypoint, ...command][0] ?? ""]) {
        const absolute = path.isAbsolute(program) && existsSync(path.join(folder, program));
        expect([program, absolute || programs(folder, [program]).length > 0]).toEqual([program, true]);
      }
      expect(programs(folder, ["npm", "npx", "yarn", "corepack"])).toEqual([]);
    });
  });

  describe("mcp", () => {
    it("runs as a user without rights", () => {
      expect(engine().config(tagOf("mcp")).user).toBe("65532:65532");
    });

    it("holds the bundles that the tests ran, the list of their packages, and no source", async () => {
      await engine().withFiles(tagOf("mcp"), async (folder) => {
        const files = await readdir(path.join(folder, "app"));
        expect(files.sort()).toEqual(["bootstrap.mjs", "package-lock.json", "server.mjs"]);
        for (const file of files)
          expect(readFileSync(path.join(folder, "app", file), "utf8")).toBe(
            readFileSync(path.join(IMAGE_PROGRAMS_FOLDER, file), "utf8"),
          );
        const all = await readdir(folder, { recursive: true });
        expect(all.filter((file) => /\.tsx?$|(^|\/)node_modules(\/|$)/.test(file))).toEqual([]);
      });
    });

    it("has no shell, no package manager and nothing else to run than Node.js", async () => {
      await engine().withFiles(tagOf("mcp"), async (folder) => {
        const unwanted = [
          "sh",
          "bash",
          "dash",
          "busybox",
          "apt",
          "apt-get",
          "dpkg",
          "perl",
          "python3",
          "curl",
        ];
        expect(programs(folder, unwanted)).toEqual([]);
        expect(await readdir(path.join(folder, "usr/local/bin"))).toEqual(["node"]);
      });
    });

    it("runs, and reports its version after an MCP client has called each tool", async () => {
      const { command, user } = engine().config(tagOf("mcp"));
      await engine().withFiles(tagOf("mcp"), async (folder) => {
        expect(runIn(folder, user, ["node", "--version"])).toEqual({
          status: 0,
          output: `v${nodeVersion()}`,
        });
        const [, ...args] = command.map((word) => word.replace("server.mjs", "/app/server.mjs"));
        const server = ["chroot", `--userspec=${user}`, folder, "/usr/local/bin/node", ...args];
        expect((await tryTools(server)).version).toBe(version);
      });
    }, 120_000);

    it("has an SBOM with Node.js and every package of the bundles, each in its version", () => {
      const { packages } = lock.parse(
        JSON.parse(readFileSync(path.join(IMAGE_PROGRAMS_FOLDER, "package-lock.json"), "utf8")),
      );
      const bundled = Object.entries(packages).map(
        ([name, { version }]) =>
          `pkg:npm/${name.replace(/^.*node_modules\//, "") || "phenom-chat"}@${version}`,
      );
      expect(packagesIn("mcp", "npm")).toEqual([...new Set(bundled)].sort());
      expect(packagesIn("mcp", "generic")).toEqual([`pkg:generic/node@${nodeVersion()}`]);
      expect(packagesIn("mcp", "deb/debian").join()).toMatch(/\/libc6@.*\/libssl3@/);
    });
  });

  describe("synapse", () => {
    it("runs as Synapse's user, who owns the volumes that it writes to", async () => {
      const { user, volumes } = engine().config(tagOf("synapse"));
      expect(user).toBe(`${SYNAPSE_UID}:${SYNAPSE_UID}`);
      await engine().withFiles(tagOf("synapse"), async (folder) => {
        for (const each of [containerPaths.media, containerPaths.run]) {
          expect(volumes).toContain(each);
          const { uid, gid, mode } = statSync(path.join(folder, each));
          expect([each, uid, gid, mode & 0o777]).toEqual([each, SYNAPSE_UID, SYNAPSE_UID, 0o700]);
        }
      });
    });

    it("runs its entrypoint, and reports its version", async () => {
      const { user, entrypoint } = engine().config(tagOf("synapse"));
      await engine().withFiles(tagOf("synapse"), async (folder) => {
        expect(runIn(folder, user, entrypoint)).toEqual({
          status: 64,
          output: "entrypoint: the environment variable SYNAPSE_CONFIG_YAML is missing or empty",
        });
        const print = "import synapse; print(synapse.__version__)";
        expect(runIn(folder, user, ["python", "-c", print])).toEqual({ status: 0, output: synapseVersion() });
      });
    });

    it("has an SBOM with every Python package, each in its version", async () => {
      const print =
        "import importlib.metadata as m; print('\\n'.join(f'{d.name}@{d.version}' for d in m.distributions()))";
      await engine().withFiles(tagOf("synapse"), async (folder) => {
        const { status, output } = runIn(folder, "0:0", ["python", "-c", print]);
        expect(status).toBe(0);
        const normal = (name: string) => name.toLowerCase().replaceAll(/[-_.]+/g, "-");
        const listed = packagesIn("synapse", "pypi").map((url) => normal(url.slice("pkg:pypi/".length)));
        const installed = output.split("\n").map(normal);
        expect(installed.length).toBeGreaterThan(40);
        expect(listed).toEqual(expect.arrayContaining(installed));
        expect(listed).toContain(normal(`matrix-synapse@${synapseVersion()}`));
      });
    });
  });
});
