import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "@jest/globals";
import { App, ref, TerraformOutput, TerraformStack, Testing, Token } from "cdktf";
import fc from "fast-check";
import { parse } from "yaml";
import { jsonencode, yamlencode } from "../../constructs/encode.ts";
import { tools } from "../../tools/setup/tools.ts";
import { itWith } from "../jest/describe-if.ts";

/** What Terraform itself makes of an output's expression. */
function evaluated(
  expressions: Readonly<Record<string, string>>,
  locals: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, string>> {
  const dir = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
  const stack = new TerraformStack(new App({ outdir: dir }), "test");
  for (const [name, value] of Object.entries(expressions))
    new TerraformOutput(stack, name, { value, staticId: true });
  const { output } = JSON.parse(Testing.synth(stack));
  writeFileSync(path.join(dir, "main.tf.json"), JSON.stringify({ output, locals }));
  execFileSync(
    tools.terraform.path("terraform"),
    [`-chdir=${dir}`, "apply", "-auto-approve", "-input=false"],
    {
      env: { ...process.env, CHECKPOINT_DISABLE: "1" },
      stdio: "pipe",
    },
  );
  const state = JSON.parse(readFileSync(path.join(dir, "terraform.tfstate"), "utf8"));
  return Object.fromEntries(
    Object.entries(state.outputs as Record<string, { value: string }>).map(([k, v]) => [k, v.value]),
  );
}

// Terraform's language has no NUL, and its strings are Unicode's form NFC.
const text = fc
  .string({ unit: "grapheme", maxLength: 60 })
  .map((s) => s.replaceAll("\0", "").normalize("NFC"));
const awkward = fc.oneof(
  text,
  fc
    .array(fc.constantFrom("$", "${", "%{", "}", '"', "\\", "\n", "\t", "'", "$$", "{{ x }}", "a"), {
      maxLength: 12,
    })
    .map((parts) => parts.join("")),
);

itWith("terraform")("Terraform keeps every string as it is, including shell scripts and templates", () => {
  const samples = fc.sample(awkward, 300);
  const { json = "", yaml = "" } = evaluated({ json: jsonencode(samples), yaml: yamlencode({ samples }) });
  expect(JSON.parse(json)).toEqual(samples);
  expect(parse(yaml).samples).toEqual(samples);
});

itWith("terraform")(
  "a reference keeps its value between quotes and backslashes, and its type if it is the whole value",
  () => {
    const [text, number] = [Token.asString(ref("local.text")), Token.asNumber(ref("local.number"))];
    const script = (name: string) => String.raw`echo "${name}" \n ${"${"}HOME}`;
    const value = { command: script(text), number, list: Token.asList(ref("local.list")) };
    const locals = { text: 'a"b', number: 7, list: ["x", "y"] };
    const { json = "" } = evaluated({ json: jsonencode(value) }, locals);
    expect(JSON.parse(json)).toEqual({ command: script('a"b'), number: 7, list: ["x", "y"] });
  },
);
