import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { development } from "../../../environments/development.ts";
import { accountClients } from "../account-aws.ts";
import { awsClients } from "../aws.ts";
import { Inputs } from "../inputs.ts";
import { synthesisedStack } from "../synthesised.ts";
import { type Adopted, importsOf } from "./adoption.ts";
import { finders, madeAnew } from "./finders.ts";
import { Search } from "./search.ts";

const everything = {
  ...development,
  workers: { sync: 1, client: 1, events: 1, streams: 1, media: 1, background: 1 },
};

describe("what adopt looks for", () => {
  it("is every type that a stack makes, or there is a reason why it is made anew", () => {
    const types = new Set(synthesisedStack(everything).resources.map(({ type }) => type));
    expect([...types].filter((type) => !(type in finders) && !(type in madeAnew))).toEqual([]);
    expect(Object.keys(finders).filter((type) => !types.has(type))).toEqual([]);
  });

  it("is listed in docs/adopting.md with its import id", () => {
    const page = readFileSync("docs/adopting.md", "utf8");
    for (const [type, { by, importId }] of Object.entries(finders))
      expect(page).toContain(`| \`${type}\` | ${by} | \`${importId.replaceAll("|", "\\|")}\` |`);
    for (const [type, reason] of Object.entries(madeAnew))
      expect(page).toContain(`| \`${type}\` | ${reason} |`);
  });

  it("is each instance of a resource with for_each", () => {
    const inputs = new Inputs({ private_subnet_ids: ["subnet-a1", "subnet-b1", "subnet-b2"] }, "test");
    const zones = new Map([
      ["subnet-a1", "us-east-1a"],
      ["subnet-b1", "us-east-1b"],
      ["subnet-b2", "us-east-1b"],
    ]);
    const search = new Search(
      accountClients(awsClients("us-east-1"), "us-east-1"),
      synthesisedStack(development),
      inputs,
      zones,
    );
    const targets = search.instances().filter(({ type }) => type === "aws_efs_mount_target");
    expect(targets.map(({ address, value }) => [address, value])).toEqual([
      ['aws_efs_mount_target.chat_synapse_media_mount_target["us-east-1a"]', "subnet-a1"],
      ['aws_efs_mount_target.chat_synapse_media_mount_target["us-east-1b"]', "subnet-b1"],
    ]);
  });
});

describe("the imports", () => {
  const group: Adopted = {
    address: "aws_lb_target_group.a",
    type: "aws_lb_target_group",
    state: "found",
    id: "arn:a",
    differences: [],
  };
  const difference = (argument: string, effect: "update" | "keep" | "replace") => ({
    argument,
    is: 1,
    wanted: 2,
    effect,
  });

  it("are what was found, with the arguments to keep", () => {
    const differences = [difference("port", "keep"), difference("matcher", "update")];
    expect(importsOf([group, { ...group, address: "aws_lb_target_group.b", differences }])).toEqual([
      { to: "aws_lb_target_group.a", id: "arn:a" },
      { to: "aws_lb_target_group.b", id: "arn:a", keep: ["port"] },
    ]);
  });

  it("leave out what Terraform would replace, and what does not exist", () => {
    const { id: _, ...missing } = group;
    expect(
      importsOf([
        { ...group, differences: [difference("vpc_id", "replace")] },
        { ...missing, state: "missing" },
      ]),
    ).toEqual([]);
  });
});
