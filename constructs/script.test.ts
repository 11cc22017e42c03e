import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { script } from "./script.ts";

function file(text: string): string {
  const name = path.join(mkdtempSync(path.join(tmpdir(), "phenom-chat-")), "script.sh");
  writeFileSync(name, text);
  return name;
}

describe("script", () => {
  it("leaves out the first line of a shell file, which sh -c does not need", () => {
    expect(script(file("#!/bin/sh\necho hello\n"))).toBe("echo hello\n");
  });

  it("puts values in place of markers as they are, markers and dollar signs in them included", () => {
    expect(script(file("a @ONE@ b @ONE@ @TWO@"), { ONE: "$& @TWO@", TWO: "2" })).toBe(
      "a $& @TWO@ b $& @TWO@ 2",
    );
  });

  it("refuses a marker without a value", () => {
    const name = file("echo @NAME@\n");
    expect(() => script(name)).toThrow(`${name}: the marker @NAME@ has no value`);
  });

  it("refuses a value without a marker", () => {
    const name = file("echo\n");
    expect(() => script(name, { NAME: "x" })).toThrow(`${name}: there is no marker for NAME`);
  });
});
