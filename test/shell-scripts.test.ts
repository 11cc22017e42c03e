import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { installed } from "./installed.ts";

const SHELLCHECK = ".tools/shellcheck/bin/shellcheck";
const scripts = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.sh"], {
  encoding: "utf8",
})
  .trim()
  .split("\n");

describe.runIf(installed("shellcheck", SHELLCHECK))("shell scripts", () => {
  it.each(scripts)("shellcheck finds nothing in %s", async (file) => {
    const { stdout } = await promisify(execFile)(SHELLCHECK, [file]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe("");
  });
});
