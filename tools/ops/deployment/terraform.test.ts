import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { eventually } from "../../../test/jest/eventually.ts";
import { Reporter } from "../report.ts";
import { Terraform } from "./terraform.ts";

let folder: string;
let lines: string[];
let terraform: Terraform;
const PATH = process.env.PATH;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
  lines = [];
  terraform = new Terraform(
    "development",
    new Reporter({ out: () => {}, err: (text) => lines.push(text) }, false),
  );
});
afterEach(() => {
  terraform.close();
  rmSync(folder, { recursive: true });
  process.env.PATH = PATH;
});

/** A program of this name that goes before the real one. */
function program(script: string): void {
  writeFileSync(path.join(folder, "terraform"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  process.env.PATH = `${folder}:${PATH}`;
}

describe("the command that runs Terraform", () => {
  it("interrupts Terraform once on Ctrl-C, and waits until it has stopped", async () => {
    const saved = path.join(folder, "state-was-saved");
    program(`trap 'echo interrupted; sleep 0.2; touch ${saved}; exit 1' INT
echo applying
while true; do sleep 0.05; done`);
    const applied = terraform.apply({ file: "plan", changes: [] });
    const failure = expect(applied).rejects.toThrow("terraform apply failed with 1");
    await eventually(() => expect(lines.some((line) => line.includes("applying"))).toBe(true), {
      timeout: 10_000,
    });
    process.emit("SIGINT");
    process.emit("SIGINT");
    await failure;
    expect(existsSync(saved)).toBe(true);
    expect(lines.filter((line) => line.includes("interrupted"))).toHaveLength(1);
    expect(lines.join("")).toContain("terraform finishes what it is doing, then stops");
  });

  it("shows Terraform's progress without the outputs at the end", async () => {
    program("printf 'Apply complete!\\n\\nOutputs:\\n\\ncluster = \"c\"\\n'");
    await terraform.apply({ file: "plan", changes: [] });
    expect(lines).toEqual(["terraform | Apply complete!\n"]);
  });

  it("fails with Terraform's error message", async () => {
    program("echo 'Error: Invalid value for variable' >&2; exit 1");
    await expect(terraform.plan()).rejects.toThrow(
      "terraform plan failed with 1:\nError: Invalid value for variable",
    );
  });

  it("says what to install when Terraform is missing", async () => {
    process.env.PATH = folder;
    await expect(terraform.outputs()).rejects.toMatchObject({
      message: expect.stringContaining("terraform can't be started"),
      remedy: "Install Terraform 1.11 or newer, and put it on the PATH",
    });
  });
});
