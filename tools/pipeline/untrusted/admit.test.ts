import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { admit } from "./admit.ts";

const TAGS = { synapse: `content-${"0".repeat(20)}`, mcp: `content-${"1".repeat(20)}` };
const STACK = "stacks/development/cdk.tf.json";
const LOCK = "stacks/development/.terraform.lock.hcl";
const reviewed = {
  terraform: { required_providers: { aws: { source: "aws", version: "~> 6.27" } } },
  provider: { aws: [{ region: "us-east-1" }] },
  resource: { aws_sns_topic: { alarms: { name: "alarms" } } },
};
const renamed = { ...reviewed, resource: { aws_sns_topic: { alarms: { name: "renamed" } } } };

let folder: string;
const target = () => path.join(folder, "cdktf.out");
const uploaded = () => path.join(folder, "uploaded");
const read = () => JSON.parse(readFileSync(path.join(target(), STACK), "utf8"));
const handIn = (stack: object | string, tags: object = TAGS) => {
  const text = typeof stack === "string" ? stack : JSON.stringify(stack);
  writeFileSync(path.join(uploaded(), STACK), text);
  writeFileSync(path.join(uploaded(), "image-tags.json"), JSON.stringify(tags));
  return admit("development", uploaded(), target());
};

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
  for (const each of [uploaded(), target()])
    mkdirSync(path.dirname(path.join(each, STACK)), { recursive: true });
  writeFileSync(path.join(target(), STACK), JSON.stringify(reviewed));
  for (const each of [uploaded(), target()]) writeFileSync(path.join(each, LOCK), "locked");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("the stack of a pull request", () => {
  it("takes the place of the reviewed one if it may be planned", () => {
    expect(handIn(renamed)).toEqual({ objections: [], tags: TAGS });
    expect(read()).toEqual(renamed);
  });

  it("is written as it was checked, where Terraform would read a field twice", () => {
    const twice = JSON.stringify(renamed).replace("{", '{"data": {"external": {"x": {}}}, "data": {},');
    expect(handIn(twice).objections).toEqual([]);
    expect(readFileSync(path.join(target(), STACK), "utf8")).not.toContain("external");
  });

  it("leaves the reviewed one where it is refused", () => {
    const { objections } = handIn({ ...renamed, data: { external: { x: { program: ["id"] } } } });
    expect(objections).toEqual(["data.external: no reviewed stack reads this type"]);
    expect(read()).toEqual(reviewed);
  });

  it("is refused with another lock of the providers", () => {
    writeFileSync(path.join(uploaded(), LOCK), "others");
    expect(handIn(renamed).objections).toEqual([".terraform.lock.hcl: names other providers than what runs"]);
  });

  it("is no link to another file of the machine", () => {
    writeFileSync(path.join(uploaded(), "image-tags.json"), JSON.stringify(TAGS));
    symlinkSync(path.join(target(), STACK), path.join(uploaded(), STACK));
    expect(() => admit("development", uploaded(), target())).toThrow("a link");
  });

  it("is JSON", () => {
    expect(() => handIn("{")).toThrow(`${STACK} of the pull request can't be read`);
  });

  it("comes with tags that name the content of images", () => {
    expect(() => handIn(renamed, { ...TAGS, mcp: "latest" })).toThrow("tag of mcp");
  });
});
