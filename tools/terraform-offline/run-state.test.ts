import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it } from "@jest/globals";
import { newRunState } from "./run-state.ts";

it.each([
  ["left out where nothing names it", "main.tf", 'resource "aws_sqs_queue" "q" {}', ["aws_wafv2_web_acl"]],
  ["served where the configuration names it", "main.tf", 'resource "aws_wafv2_web_acl" "w" {}', []],
  ["served where the state names it", "terraform.tfstate", '{"type":"aws_wafv2_web_acl"}', []],
  ["served where a module may name it", "main.tf", 'module "m" {}', []],
])("the large schema of the web ACL is %s", (_, file, text, omitted) => {
  const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
  writeFileSync(path.join(folder, file), text);
  expect(newRunState(folder).omittedTypes).toEqual(omitted);
});
