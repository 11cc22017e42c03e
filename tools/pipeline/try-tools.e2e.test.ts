import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "@jest/globals";
import { catalog } from "../../mcp-server/tools/catalog.ts";
import { IMAGE_PROGRAMS_FOLDER } from "../build/bundle-options.ts";
import { packageVersion } from "./release.ts";
import { tryTools } from "./try-tools.ts";

const builtServer = join(IMAGE_PROGRAMS_FOLDER, "server.mjs");

it("an MCP client calls each of the nine tools of the built server, which reports the release", async () => {
  const { version, tools } = await tryTools([process.execPath, builtServer]);
  expect(version).toBe(packageVersion("."));
  expect(new Set(tools)).toEqual(new Set(catalog.map(({ name }) => name)));
  expect(catalog).toHaveLength(9);
});

it("a server that does not start fails with its output", async () => {
  const broken = [process.execPath, "-e", "console.error('no such bundle'); process.exit(3)"];
  await expect(tryTools(broken)).rejects.toThrow(
    /did not become a healthy server.*exited with 3.*no such bundle/s,
  );
});

it("a server whose tool answers wrongly fails with the tool's name", async () => {
  const source = await readFile(builtServer, "utf8");
  const wrong = source.replaceAll("delete from public.chat_bans", "delete from public.nothing");
  expect(wrong).not.toBe(source);
  const folder = await mkdtemp(join(tmpdir(), "phenom-chat-wrong-"));
  await writeFile(join(folder, "server.mjs"), wrong);
  await expect(tryTools([process.execPath, join(folder, "server.mjs")])).rejects.toThrow(
    "chat_unban_user failed",
  );
  await rm(folder, { recursive: true });
});
