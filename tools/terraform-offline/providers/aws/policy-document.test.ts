import { describe, expect, it } from "@jest/globals";
import { policyDocument } from "./policy-document.ts";

const read = { sid: "Read", actions: ["s3:GetObject"], resources: ["*"] };

const statementsOf = (config: Parameters<typeof policyDocument>[0]) =>
  JSON.parse(String(policyDocument(config)["json"])).Statement;

describe("a policy document", () => {
  it("lists actions as the provider does, and one of them as a text", () => {
    const actions = ["s3:GetObject", "s3:PutObject"];
    expect(statementsOf({ statement: [{ actions, resources: ["*"] }] })).toEqual([
      { Effect: "Allow", Action: ["s3:PutObject", "s3:GetObject"], Resource: "*" },
    ]);
  });

  it("names principals and conditions", () => {
    const statement = {
      ...read,
      principals: [
        { type: "AWS", identifiers: ["arn:aws:iam::123456789012:root"] },
        { type: "Service", identifiers: ["ecs.amazonaws.com"] },
      ],
      condition: [{ test: "StringLike", variable: "s3:prefix", values: ["home/&{aws:username}/*"] }],
    };
    expect(statementsOf({ statement: [statement] })).toEqual([
      {
        Sid: "Read",
        Effect: "Allow",
        Action: "s3:GetObject",
        Resource: "*",
        Principal: { AWS: "arn:aws:iam::123456789012:root", Service: "ecs.amazonaws.com" },
        Condition: { StringLike: { "s3:prefix": "home/${aws:username}/*" } },
      },
    ]);
  });

  it("turns &{…} into the variable of a policy", () => {
    const { json } = policyDocument({
      statement: [{ actions: ["a:B"], resources: ["arn:aws:s3:::&{aws:username}"] }],
    });
    expect(json).toContain("arn:aws:s3:::${aws:username}");
  });

  it("writes everybody as a star", () => {
    const principals = [{ type: "*", identifiers: ["*"] }];
    expect(statementsOf({ statement: [{ ...read, principals }] })[0].Principal).toBe("*");
  });

  it("is overridden by statements with the same Sid", () => {
    const override = { Sid: "Read", Effect: "Deny", Action: "*", Resource: "*" };
    expect(
      statementsOf({
        statement: [read],
        override_policy_documents: [JSON.stringify({ Statement: override })],
      }),
    ).toEqual([override]);
  });

  it("refuses two sources with the same Sid", () => {
    const source = JSON.stringify({ Statement: [{ Sid: "Read" }] });
    expect(() => policyDocument({ source_policy_documents: [source, source] })).toThrow("duplicate Sid");
  });
});
