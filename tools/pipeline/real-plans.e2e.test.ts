import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { describeWith } from "../../test/jest/describe-if.ts";
import { parsePlan } from "../terraform/plan.ts";
import { compare, reviewOf } from "./changes.ts";
import { COMMENT_LIMIT, report } from "./report.ts";

const source = { environment: "development", commit: "c".repeat(40) };

/** What is applied first: `terraform_data` is a part of Terraform, so that no provider is needed. */
const BEFORE = `
variable "password" {
  default   = "hunter2"
  sensitive = true
}
resource "terraform_data" "moved_from" { input = "same" }
resource "terraform_data" "forgotten" { input = "stays" }
resource "terraform_data" "tainted" { input = "a" }
resource "terraform_data" "asked" { input = "a" }
resource "terraform_data" "cause" { input = "a" }
resource "terraform_data" "triggered" {
  lifecycle { replace_triggered_by = [terraform_data.cause] }
}
resource "terraform_data" "forced" { triggers_replace = "a" }
resource "terraform_data" "left_behind" {
  triggers_replace = "a"
  lifecycle { create_before_destroy = true }
  provisioner "local-exec" {
    command = self.triggers_replace == "a" ? "true" : "exit 1"
  }
}
resource "terraform_data" "secret" { input = var.password }
resource "terraform_data" "many" {
  count = 60
  input = count.index
}
output "shown" { value = "a" }
output "exposed" {
  value     = var.password
  sensitive = true
}
`;

/** What is planned then: each kind of change once. */
const AFTER = BEFORE.replace('"moved_from" {', '"moved_to" {')
  .replace(/resource "terraform_data" "forgotten".*\n/, "")
  .replace('"cause" { input = "a"', '"cause" { input = "b"')
  .replace('"forced" { triggers_replace = "a"', '"forced" { triggers_replace = "b"')
  .replace("count = 60", "count = 0")
  .replace('"secret" { input = var.password', '"secret" { input = nonsensitive(var.password)')
  .replace('value = "a"', 'value = "b"')
  .replace("value     = var.password\n  sensitive = true", "value = nonsensitive(var.password)")
  .concat(`
moved {
  from = terraform_data.moved_from
  to   = terraform_data.moved_to
}
removed {
  from = terraform_data.forgotten
  lifecycle { destroy = false }
}
import {
  to = terraform_data.imported
  id = "i-1"
}
resource "terraform_data" "imported" {}
resource "terraform_data" "odd" {
  for_each = toset(["é😀 \`\`tick\`\` </details> @team"])
  input    = "\`\`\`\`\\n</details>\\n@team"
}
check "listener" {
  assert {
    condition     = terraform_data.forced.triggers_replace == "c"
    error_message = "Listens on \`80\` </details> @team."
  }
}
check "later" {
  assert {
    condition     = terraform_data.odd["é😀 \`\`tick\`\` </details> @team"].id == "x"
    error_message = "Not known."
  }
}
`);

const MANY = 'resource "terraform_data" "many" {\n  count = 3000\n  input = "value-${count.index}"\n}\n';

describeWith("terraform")("the report of a plan that the real Terraform made", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-plans-"));
  const terraform = (...args: string[]) => terraformIn(folder, ...args);
  const terraformIn = (where: string, ...args: string[]) =>
    promisify(execFile)("terraform", [`-chdir=${where}`, ...args], {
      maxBuffer: 256 * 1024 * 1024,
      env: { ...process.env, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" },
    });
  const configure = (text: string) => writeFileSync(path.join(folder, "main.tf"), text);
  const plan = async (...options: string[]) => {
    await terraform("plan", "-input=false", "-out=plan", ...options);
    return parsePlan((await terraform("show", "-json", "plan")).stdout, "plan");
  };
  const shown = (parsed: ReturnType<typeof parsePlan>) =>
    report(parsed, { ...source, runUrl: "https://example.org/run", limit: COMMENT_LIMIT });

  let parsed: ReturnType<typeof parsePlan>;
  let text: string;
  beforeAll(async () => {
    configure(BEFORE);
    await terraform("init", "-input=false");
    await terraform("apply", "-auto-approve", "-input=false");
    // The new object is created only in part, so the old one is left behind.
    configure(
      BEFORE.replace(
        '"left_behind" {\n  triggers_replace = "a"',
        '"left_behind" {\n  triggers_replace = "b"',
      ),
    );
    await expect(terraform("apply", "-auto-approve", "-input=false")).rejects.toThrow("exit 1");
    await terraform("taint", "terraform_data.tainted");
    configure(
      AFTER.replace('"left_behind" {\n  triggers_replace = "a"', '"left_behind" {\n  triggers_replace = "b"'),
    );
    parsed = await plan("-replace=terraform_data.asked");
    text = shown(parsed);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  it("counts every kind of change in the heading", () => {
    expect(/^### .*$/m.exec(text)?.[0]).toBe(
      "### Plan of `development`: 61 to destroy, 5 to replace, 1 to forget, 2 to change, 1 to add, 2 to move or import, " +
        "2 outputs to change · **1 check fails**",
    );
  });

  it.each([
    ["asked", "asked for with `-replace`"],
    ["forced", "forced by `triggers_replace`"],
    ["tainted", "tainted, because its creation failed or somebody marked it"],
    ["triggered", "triggered by `replace_triggered_by`"],
    ["moved_to", "moved from `terraform_data.moved_from`"],
    ["imported", "imported from `i-1`"],
    ["many[59]", "beyond `count`"],
  ])("gives the reason of terraform_data.%s", (name, reason) => {
    expect(text).toContain(`- \`terraform_data.${name}\`: ${reason}`);
  });

  it("names what a replacement left behind, and what is forgotten", () => {
    expect(text).toMatch(/^- `terraform_data\.left_behind \(deposed object [0-9a-f]{8}\)`/m);
    expect(text).toContain("- `terraform_data.forgotten`");
  });

  it("shows the checks that fail and that are not known yet", () => {
    expect(text).toContain("- `check.listener`: **fails**: ``Listens on `80` </details> @team.``");
    expect(text).toContain("- `check.later`: known after the apply");
  });

  it("names what is no longer sensitive without showing it", () => {
    expect(text).toContain("- `terraform_data.secret`: `input`");
    expect(text).toContain("- `output exposed`");
    expect(text).not.toContain("hunter2");
  });

  it("keeps its structure, whatever names and values hold", () => {
    expect(text).toContain('["é😀 ``tick`` </details> @team"]');
    const outside = text.replaceAll(/^(`{3,})diff$.*?^\1$/gms, "").replaceAll(/(`+).*?[^`]\1(?!`)/g, "");
    expect(outside).not.toContain("@team");
    expect(outside.match(/<details>/g)?.length).toBe(outside.match(/<\/details>/g)?.length);
  });

  it("can be compared with itself, and with nothing else", () => {
    const review = reviewOf(parsed, source);
    expect(compare(review, parsed)).toEqual({ unreviewed: [], done: [] });
    const without = {
      ...review,
      changes: review.changes.filter(({ name }) => name !== "terraform_data.forced"),
    };
    expect(compare(without, parsed).unreviewed).toEqual(["terraform_data.forced: delete, create"]);
  });

  it("of 3000 new resources fits into a comment and can be compared", async () => {
    const other = mkdtempSync(path.join(tmpdir(), "phenom-chat-plans-"));
    writeFileSync(path.join(other, "main.tf"), MANY);
    await terraformIn(other, "init", "-input=false");
    await terraformIn(other, "plan", "-input=false", "-out=plan");
    const { stdout } = await terraformIn(other, "show", "-json", "plan");
    rmSync(other, { recursive: true });
    const many = parsePlan(stdout, "plan");
    const comment = shown(many);
    expect(comment).toContain("### Plan of `development`: 3000 to add\n");
    expect(comment.length).toBeLessThanOrEqual(COMMENT_LIMIT);
    expect(compare(reviewOf(many, source), many)).toEqual({ unreviewed: [], done: [] });
  }, 60_000);
});
