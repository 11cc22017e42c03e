import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { tools } from "../tools/setup/tools.ts";
import { describeWith, itWith } from "./jest/describe-if.ts";

/** What a linter prints; its exit code says nothing more. */
const linted = async (program: string, ...args: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(program, args).catch(
    (error: { stdout: string; stderr: string }) => error,
  );
  return stdout + stderr;
};

const files = (pattern: string) =>
  execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", pattern], {
    encoding: "utf8",
  })
    .trim()
    .split("\n");

describeWith("shellcheck")("shell scripts", () => {
  it.each(files("*.sh"))("shellcheck finds nothing in %s", async (file) => {
    expect(await linted(tools.shellcheck.path("shellcheck"), file)).toBe("");
  });
});

describeWith("hadolint")("Dockerfiles", () => {
  it.each(files("*Dockerfile"))("hadolint finds nothing in %s", async (file) => {
    expect(await linted(tools.hadolint.path("hadolint"), file)).toBe("");
  });
});

describe("workflows", () => {
  itWith("zizmor")("zizmor finds nothing of medium or high severity", async () => {
    const options = ["--offline", "--format=json", "--no-exit-codes", "--min-severity=medium"];
    const { stdout } = await promisify(execFile)(tools.zizmor.path("zizmor"), [...options, ".github"]);
    expect(JSON.parse(stdout)).toEqual([]);
  });

  itWith("actionlint", "shellcheck")("actionlint and shellcheck find nothing", async () => {
    const shellcheck = tools.shellcheck.path("shellcheck");
    const actionlint = tools.actionlint.path("actionlint");
    expect(await linted(actionlint, "-no-color", "-shellcheck", shellcheck)).toBe("");
  });
});
