import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { clone } from "../../test/clone.ts";

const checkout = clone("phenom-chat");
afterAll(() => rmSync(path.dirname(checkout), { recursive: true, force: true }));

/** The tags of both images, as the workflows ask for them. */
function tags(): Record<string, string> {
  const command = ["tools/run.mjs", "tools/pipeline/main.ts", "image-tags"];
  return JSON.parse(execFileSync(process.execPath, command, { cwd: checkout, encoding: "utf8" }));
}
const file = (name: string) => path.join(checkout, name);

describe("the tags of images", () => {
  it("change with what goes into an image, and with nothing else", () => {
    execFileSync("git", ["init", "--quiet"], { cwd: checkout });
    execFileSync("git", ["add", "modules/chat-synapse/homeserver"], { cwd: checkout });
    const before = tags();
    expect(before).toEqual({
      mcp: expect.stringMatching(/^content-[0-9a-f]{20}$/),
      synapse: expect.stringMatching(/^content-[0-9a-f]{20}$/),
    });

    appendFileSync(file("docs/README.md"), "\nMore.\n");
    appendFileSync(file("mcp-server/main.ts"), "\n// A comment.\n");
    writeFileSync(file("mcp-server/new.test.ts"), "");
    expect(tags()).toEqual(before);

    appendFileSync(file("mcp-server/main.ts"), '\nconsole.error("more");\n');
    const changed = tags();
    expect(changed["synapse"]).toBe(before["synapse"]);
    expect(changed["mcp"]).not.toBe(before["mcp"]);

    appendFileSync(file("modules/chat-synapse/homeserver/image/entrypoint.py"), "\n");
    expect(tags()["synapse"]).not.toBe(before["synapse"]);
  });
});
