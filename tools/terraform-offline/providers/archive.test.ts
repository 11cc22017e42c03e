import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { unzipSync } from "fflate";
import type { Values } from "../plugin/value.ts";
import { newRunState } from "../run-state.ts";
import { archive } from "./archive.ts";

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

/** Makes an archive `out/a.zip` in the folder and gives its hash. */
function archived(folder: string, config: Values) {
  const context = { run: newRunState(folder), providerConfig: null };
  const values = archive.dataSource(
    "archive_file",
    { type: "zip", output_path: "out/a.zip", ...config },
    context,
  );
  return values("output_base64sha256", "string", 0);
}

const namesIn = (folder: string) => Object.keys(unzipSync(readFileSync(path.join(folder, "out/a.zip"))));

describe("an archive", () => {
  it("holds every file of a folder but those that are excluded", () => {
    const folder = folderWith({
      "src/index.js": "1",
      "src/lib/a.js": "2",
      "src/lib/a.test.js": "3",
      "src/node_modules/x/y.js": "4",
    });
    archived(folder, { source_dir: "src", excludes: ["**/*.test.js", "node_modules"] });
    expect(namesIn(folder).sort()).toEqual(["index.js", "lib/a.js"]);
  });

  it("is the same each time for the same content", () => {
    const source = [{ filename: "x.txt", content: "hello" }];
    const hashes = [1, 2].map(() => archived(folderWith({}), { source }));
    expect(hashes[0]).toBe(hashes[1]);
    expect(archived(folderWith({}), { source: [{ filename: "x.txt", content: "other" }] })).not.toBe(
      hashes[0],
    );
  });

  it("refuses another type", () => {
    expect(() => archived(folderWith({}), { type: "tar.gz" })).toThrow('archive type "tar.gz" is not served');
  });

  it("refuses to be empty", () => {
    expect(() => archived(folderWith({}), {})).toThrow("Archive creation error");
  });

  it("refuses a file that is not there", () => {
    expect(() => archived(folderWith({}), { source_file: "none.js" })).toThrow("Archive creation error");
  });
});
