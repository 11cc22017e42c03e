import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { PolicyStatement } from "../../../constructs/iam-policy.ts";
import { isAllowed, matches, overlap, type Request } from "./evaluator.ts";

const key = "arn:aws:kms:us-east-1:123456789012:key/1";
const allow = (more: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Sid: "A",
  Effect: "Allow",
  Action: "kms:Tag*",
  Resource: "arn:aws:kms:us-east-1:123456789012:key/*",
  ...more,
});
const deny = (more: Partial<PolicyStatement> = {}) => allow({ Effect: "Deny", ...more });
const request = (context: Readonly<Record<string, string>> = {}): Request => ({
  action: "kms:TagResource",
  resource: key,
  context,
});
const own = { "aws:ResourceTag/Project": "phenom-dev" };
const other = { "aws:ResourceTag/Project": "other" };

describe("the evaluator of IAM policies", () => {
  it.each<[string, readonly PolicyStatement[], Request, boolean]>([
    ["allows what a statement allows", [allow()], request(), true],
    ["ignores the case of actions", [allow({ Action: "KMS:tagresource" })], request(), true],
    ["allows nothing without a statement", [], request(), false],
    ["refuses another action", [allow({ Action: "kms:PutKeyPolicy" })], request(), false],
    ["refuses another resource", [allow({ Resource: `${key}2` })], request(), false],
    [
      "refuses a request that names no resource by a statement about one",
      [allow()],
      { ...request(), resource: "*" },
      false,
    ],
    ["refuses what is allowed and denied", [allow(), deny()], request(), false],
    [
      "allows what is denied under another condition",
      [allow(), deny({ Condition: { StringEquals: other } })],
      request(own),
      true,
    ],
    [
      "refuses where a key of the condition is missing",
      [allow({ Condition: { StringEquals: own } })],
      request(),
      false,
    ],
    [
      "allows where a key is missing that counts only if it exists",
      [allow({ Condition: { StringEqualsIfExists: own } })],
      request(),
      true,
    ],
    [
      "refuses another value of a key that counts if it exists",
      [allow({ Condition: { StringEqualsIfExists: own } })],
      request(other),
      false,
    ],
    [
      "allows any of a key's values",
      [allow({ Condition: { StringEquals: { "aws:ResourceTag/Project": ["other", "phenom-dev"] } } })],
      request(own),
      true,
    ],
    [
      "demands every key and operator of a condition",
      [allow({ Condition: { StringEquals: own, StringLike: { "kms:ViaService": "backup*" } } })],
      request(own),
      false,
    ],
  ])("%s", (_, statements, asked, expected) => {
    expect(isAllowed({ statements }, asked)).toBe(expected);
  });

  it("allows only what the permissions boundary allows too", () => {
    const statements = [allow({ Action: "*", Resource: "*" })];
    expect(isAllowed({ statements, boundary: [allow()] }, request())).toBe(true);
    expect(isAllowed({ statements, boundary: [allow({ Action: "kms:Decrypt" })] }, request())).toBe(false);
    expect(isAllowed({ statements: [], boundary: [allow()] }, request())).toBe(false);
  });

  it.each<[string, PolicyStatement]>([
    ["NotAction", { ...allow(), NotAction: "kms:Decrypt" } as PolicyStatement],
    ["ForAnyValue:StringEquals", allow({ Condition: { "ForAnyValue:StringEquals": own } })],
    ["policy variables", allow({ Resource: "arn:aws:s3:::bucket/${aws:username}" })],
  ])("doesn't guess what %s means", (_, statement) => {
    expect(() => isAllowed({ statements: [statement] }, request(own))).toThrow("not supported");
  });
});

describe("patterns", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 4 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 4 });

  it("overlap where a text matches both", () => {
    fc.assert(
      fc.property(pattern, pattern, text, (a, b, some) => {
        if (matches(a, some) && matches(b, some)) expect(overlap(a, b)).toBe(true);
      }),
    );
  });

  it.each([
    ["key/*", "key/abc", true],
    ["a*c", "ab*", true],
    ["a*", "b*", false],
    ["a*c", "*d", false],
    ["*", "", true],
  ])("%s and %s overlap: %s", (a, b, expected) => {
    expect(overlap(a, b)).toBe(expected);
    expect(overlap(b, a)).toBe(expected);
  });
});
