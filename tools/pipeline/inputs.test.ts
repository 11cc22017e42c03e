import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { Template } from "../../stacks/chat/template.ts";
import { terraformVariables } from "./inputs.ts";

const declared = Object.keys(new Template().json.variable ?? {});
const example = readFileSync("environments/development.example.tfvars.json", "utf8");

describe("the inputs of an environment", () => {
  it("become Terraform variables, with the tag of the built images", () => {
    const variables = terraformVariables(example, "abc123", declared);
    expect(variables).toMatchObject({
      TF_VAR_rds_port: "5432",
      TF_VAR_synapse_image_tag: "abc123",
      TF_VAR_mcp_image_tag: "abc123",
    });
    expect(JSON.parse(variables["TF_VAR_private_subnet_ids"] ?? "")).toBeInstanceOf(Array);
    expect(Object.keys(variables)).toHaveLength(Object.keys(JSON.parse(example)).length);
  });

  it("may be empty, when they come from remote state", () => {
    expect(Object.keys(terraformVariables("", "abc123", declared))).toEqual([
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
    expect(() => terraformVariables(json, "abc123", declared)).toThrow(message);
  });
});
