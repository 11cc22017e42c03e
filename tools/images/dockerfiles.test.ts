import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { IMAGE_PROGRAMS_FOLDER } from "../build/bundle-options.ts";
import { tools } from "../setup/tools.ts";
import { baseImages, imageNames, images, nodeVersion, synapseVersion } from "./catalog.ts";
import { standIns } from "./stand-ins.ts";

const run = promisify(execFile);
const dockerfile = readFileSync(images.mcp.dockerfile, "utf8");

/** Arguments of the build stage's COPY instructions: what is copied, and where to. */
const copies = [...dockerfile.matchAll(/^COPY (?!--from)(.+) (\S+)$/gm)].map(
  ([, sources = "", target = ""]) => ({
    sources: sources.split(" "),
    target,
  }),
);

describe("the MCP server's image", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "phenom-image-"));
    const ignored = readFileSync(".dockerignore", "utf8").split("\n");
    const seen = (file: string) =>
      ignored.includes(`!${file}`) &&
      !ignored.some((line) => line.startsWith("**/*") && file.endsWith(line.slice(4)));
    for (const { sources, target } of copies)
      for (const source of sources) {
        if (!seen(source) && !seen(path.dirname(source)))
          throw new Error(`${source} is copied by the Dockerfile, and left out by .dockerignore`);
        const to = target.endsWith("/")
          ? path.join(folder, target, path.basename(source))
          : path.join(folder, target);
        await mkdir(path.dirname(to), { recursive: true });
        await cp(source, to, { recursive: true, filter: (file) => !file.endsWith(".test.ts") });
      }
    await symlink(path.resolve("node_modules"), path.join(folder, "node_modules"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("is bundled from nothing but the files that its Dockerfile copies", async () => {
    const [, command = ""] = /^RUN (node .+)$/m.exec(dockerfile) ?? [];
    await run("sh", ["-c", command], { cwd: folder });
    for (const name of ["server.mjs", "bootstrap.mjs"])
      expect(await readFile(path.join(folder, IMAGE_PROGRAMS_FOLDER, name), "utf8")).toBe(
        await readFile(path.join(IMAGE_PROGRAMS_FOLDER, name), "utf8"),
      );
  });

  it.each(
    copies.slice(1).flatMap(({ sources }) => sources),
  )("cannot be bundled without %s", async (source) => {
    const [, command = ""] = /^RUN (node .+)$/m.exec(dockerfile) ?? [];
    const [present, away] = [path.join(folder, source), path.join(folder, "away")];
    await rename(present, away);
    try {
      await expect(run("sh", ["-c", command], { cwd: folder })).rejects.toThrow();
    } finally {
      await rename(away, present);
    }
  });

  it("lists the packages in its bundles, each with the version that the lock file has", async () => {
    const list = JSON.parse(await readFile(path.join(IMAGE_PROGRAMS_FOLDER, "package-lock.json"), "utf8"));
    const lock = JSON.parse(await readFile("package-lock.json", "utf8"));
    const { "": root, ...bundled } = list.packages;
    expect(root).toEqual({ name: lock.name, version: lock.version });
    expect(Object.keys(bundled)).toEqual(expect.arrayContaining(["node_modules/pg", "node_modules/zod"]));
    expect(Object.keys(bundled)).not.toContain("node_modules/cdktf");
    for (const [name, entry] of Object.entries(bundled))
      expect([name, entry]).toEqual([name, lock.packages[name]]);
  });
});

describe("the base images", () => {
  it("have the Node.js of the tests, in the MCP server's image", () => {
    const bases = baseImages(images.mcp);
    expect(bases.map(({ tagged }) => tagged)).toEqual([
      `docker.io/library/node:${nodeVersion()}-bookworm-slim`,
      "gcr.io/distroless/cc-debian12:nonroot",
    ]);
  });

  it("are pinned by digest in every image but Synapse's, whose digest docs/images.md tells how to pin", () => {
    for (const name of imageNames)
      for (const { tagged, digest } of baseImages(images[name]))
        if (!tagged.startsWith("docker.io/matrixdotorg/synapse:"))
          expect([tagged, digest]).toEqual([tagged, expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
  });

  it("name the Synapse that the tests run", () => {
    expect(synapseVersion()).toBe(tools.synapse.version);
  });

  it("all have a stand-in", () => {
    const known = standIns().map(({ image }) => image);
    for (const name of imageNames)
      expect(known).toEqual(expect.arrayContaining(baseImages(images[name]).map(({ tagged }) => tagged)));
    for (const { dockerfile: file } of standIns()) expect([file, existsSync(file)]).toEqual([file, true]);
  });
});
