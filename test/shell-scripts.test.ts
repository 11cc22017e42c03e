import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import { tools } from "../tools/setup/tools.ts";
import { describeWith } from "./jest/describe-if.ts";

const scripts = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.sh"], {
  encoding: "utf8",
})
  .trim()
  .split("\n");

describeWith("shellcheck")("shell scripts", () => {
  it.each(scripts)("shellcheck finds nothing in %s", async (file) => {
    const { stdout } = await promisify(execFile)(tools.shellcheck.path("shellcheck"), [file]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe("");
  });
});
