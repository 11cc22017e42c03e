import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { describe, expect, it } from "@jest/globals";
import { bundle } from "../tools/servers/lambda.ts";

const limits = {
  "link-preview": 100_000,
  "token-enhancement": 100_000,
  "user-provisioner": 450_000,
  "member-sync": 450_000,
  "synapse-members": 150_000,
  outside: 100_000,
};

describe.each(Object.entries(limits))("the bundle of %s", (name, limit) => {
  it(`has at most ${limit} bytes and needs nothing but Node.js`, async () => {
    const { file, remove } = await bundle(name);
    const code = await readFile(file, "utf8");
    await remove();
    expect(Buffer.byteLength(code)).toBeLessThanOrEqual(limit);
    const required = [...code.matchAll(/\brequire\("([^"]+)"\)/g)].map((match) => match[1] ?? "");
    // pg asks for it in a try block and does without.
    const outside = required.filter((module) => module !== "pg-native" && !module.startsWith("node:"));
    expect(builtinModules).toEqual(expect.arrayContaining([...new Set(outside)]));
  });

  it("is the same, byte for byte, each time", async () => {
    const [one, other] = await Promise.all([bundle(name), bundle(name)]);
    expect(await readFile(one.file, "utf8")).toBe(await readFile(other.file, "utf8"));
    await Promise.all([one.remove(), other.remove()]);
  });
});
