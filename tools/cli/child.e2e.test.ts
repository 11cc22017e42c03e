import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { describeWith } from "../../test/jest/describe-if.ts";
import { eventually } from "../../test/jest/eventually.ts";

/** GitHub waits 7.5 s and 2.5 s; what is proved here is who gets the signals, so the waits are shorter. */
const [UNTIL_TERMINATE_MS, UNTIL_KILL_MS] = [750, 8000];

describeWith("terraform")("a cancelled job", () => {
  let folder: string;
  const file = (name: string) => path.join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-cancel-"));
    writeFileSync(
      file("main.tf"),
      `resource "terraform_data" "first" {}
resource "terraform_data" "slow" {
  depends_on = [terraform_data.first]
  provisioner "local-exec" { command = "touch ${file("applying")}; exec sleep 300" }
}
`,
    );
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A step as GitHub runs it: signals reach bash, and nothing below it. */
  const step = (run: string) => {
    const script = file("step.sh");
    writeFileSync(script, run);
    const child = spawn("bash", ["-e", script], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, CHECKPOINT_DISABLE: "1" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output += String(chunk);
      });
    const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string }>(
      (resolve) => child.on("exit", (code, signal) => resolve({ code, signal, output })),
    );
    return { child, ended };
  };

  it("stops Terraform, which saves its state and gives the lock back, before the job is killed", async () => {
    const { child, ended } = step(
      `terraform -chdir=${folder} init -input=false\nexec node tools/run.mjs test/pipeline/apply.ts ${folder}\n`,
    );
    await eventually(() => expect(existsSync(file("applying"))).toBe(true), { timeout: 60_000 });
    expect(existsSync(file(".terraform.tfstate.lock.info"))).toBe(true);
    child.kill("SIGINT");
    const timers = [
      setTimeout(() => child.kill("SIGTERM"), UNTIL_TERMINATE_MS),
      setTimeout(() => child.kill("SIGKILL"), UNTIL_TERMINATE_MS + UNTIL_KILL_MS),
    ];
    const { signal, code, output } = await ended;
    for (const timer of timers) clearTimeout(timer);
    expect([signal, code, output]).toEqual([null, 1, expect.stringContaining("is told to stop")]);
    expect(existsSync(file(".terraform.tfstate.lock.info"))).toBe(false);
    const state = JSON.parse(readFileSync(file("terraform.tfstate"), "utf8"));
    expect(state.resources.map(({ name }: { name: string }) => name)).toContain("first");
  }, 120_000);
});
