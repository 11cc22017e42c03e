import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { describe, expect, it } from "@jest/globals";
import { App, Testing } from "cdktf";
import { Construct } from "constructs";
import { Secret } from "../constructs/generated-secret.ts";
import { LogGroup } from "../constructs/log-group.ts";
import { ReadableStack } from "./addresses.ts";

const stack = () => {
  const s = new ReadableStack(new App({ outdir: mkdtempSync(`${tmpdir()}/phenom-chat-`) }), "test");
  new AwsProvider(s, "aws");
  return s;
};
const deployment = {
  project: "p",
  environment: "e",
  region: "us-east-1",
  accountId: "1",
  protectData: false,
  tags: {},
};
const secret = (scope: Construct, id: string) =>
  new Secret(scope, id, { deployment, name: id, description: id });
const problems = (s: ReadableStack) => s.node.findAll().flatMap((c) => c.node.validate());

describe("a resource's address", () => {
  it("is its construct path in snake case, without a hash", () => {
    const s = stack();
    secret(new Construct(s, "chat-synapse"), "signing-key");
    expect(Object.keys(JSON.parse(Testing.synth(s)).resource.aws_secretsmanager_secret)).toEqual([
      "chat_synapse_signing_key",
    ]);
  });

  it("leaves out the id Default", () => {
    const s = stack();
    expect(secret(new Construct(s, "clients"), "Default").friendlyUniqueId).toBe("clients");
  });

  it("stays the same when a neighbour is added", () => {
    const s = stack();
    const before = secret(new Construct(s, "chat-synapse"), "form").friendlyUniqueId;
    secret(new Construct(s, "chat"), "synapse");
    expect(before).toBe("chat_synapse_form");
    expect(problems(s)).toEqual([]);
  });

  it("fails synthesis when another construct of the same type has it", () => {
    const s = stack();
    secret(new Construct(s, "chat-synapse"), "form");
    secret(new Construct(s, "chat_synapse"), "form");
    expect(problems(s)).toEqual([
      "test/chat-synapse/form and test/chat_synapse/form have the same address aws_secretsmanager_secret.chat_synapse_form: rename one of the constructs",
    ]);
  });

  it("may be shared by different types", () => {
    const s = stack();
    secret(new Construct(s, "a"), "b");
    new LogGroup(s, "a_b", { deployment, name: "/b" });
    expect(problems(s)).toEqual([]);
  });
});
