import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { asRunning, parseImageTags, terraformVariables } from "./inputs.ts";

const example = readFileSync("environments/development.example.tfvars.json", "utf8");
/** environments/index.test.ts compares the file with the table of inputs. */
const declared = Object.keys(JSON.parse(example));

describe("the inputs of an environment", () => {
  it("become Terraform variables, with the tag of the built images", () => {
    const variables = terraformVariables(example, { synapse: "abc123", mcp: "abc123" }, declared);
    expect(variables).toMatchObject({
      TF_VAR_rds_port: "5432",
      TF_VAR_synapse_image_tag: "abc123",
      TF_VAR_mcp_image_tag: "abc123",
    });
    expect(JSON.parse(variables["TF_VAR_private_subnet_ids"] ?? "")).toBeInstanceOf(Array);
    expect(Object.keys(variables)).toHaveLength(Object.keys(JSON.parse(example)).length);
  });

  it("may be empty, when they come from remote state", () => {
    expect(Object.keys(terraformVariables("", { synapse: "abc123", mcp: "abc123" }, declared))).toEqual([
      "TF_VAR_synapse_image_tag",
      "TF_VAR_mcp_image_tag",
    ]);
  });

  it.each([
    ["not JSON", "rds_port = 5432", "INPUTS is not JSON"],
    ["a list", "[]", "INPUTS must be a JSON object"],
    [
      "a name that the environment lacks",
      '{"rds_prot": 1}',
      "the environment has no variable rds_prot; it has",
    ],
  ])("are refused when they are %s", (_, json, message) => {
    expect(() => terraformVariables(json, { synapse: "abc123", mcp: "abc123" }, declared)).toThrow(message);
  });
});

describe("the tags of images", () => {
  const digest = `@sha256:${"0".repeat(64)}`;
  const tags = { synapse: "content-1a", mcp: "content-2b" };

  it("get the digest of what runs, so that a service with the same content is not rolled", () => {
    expect(
      asRunning(tags, {
        synapse: `x/phenom-synapse:content-1a${digest}`,
        mcp: `x/phenom-chat-mcp:content-99${digest}`,
      }),
    ).toEqual({ synapse: `content-1a${digest}`, mcp: "content-2b" });
    expect(asRunning(tags, {})).toEqual(tags);
  });

  it("are refused where one is missing", () => {
    expect(() => parseImageTags('{"mcp": "1"}')).toThrow(
      "IMAGE_TAGS must be an object with the tags of synapse and mcp",
    );
    expect(() => parseImageTags("content-1")).toThrow("IMAGE_TAGS is not JSON");
  });
});
