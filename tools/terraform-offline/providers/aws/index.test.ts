import { describe, expect, it } from "@jest/globals";
import { UNKNOWN, type Values } from "../../plugin/value.ts";
import { newRunState } from "../../run-state.ts";
import { aws } from "./index.ts";

const context = { run: newRunState("."), providerConfig: null };

/** A configuration in which everything else is left out. */
const without = (names: readonly string[], given: Values): Values => ({
  ...Object.fromEntries(names.map((name) => [name, null])),
  ...given,
});

const textOf = (found: ReturnType<NonNullable<typeof aws.checkResource>> = []) =>
  found
    .filter(({ severity }) => severity === "error")
    .map(({ message, detail }) => `${message} ${detail}`)
    .join("\n");

const errors = (type: string, config: Values) => textOf(aws.checkResource?.(type, config, context));

describe("arguments of a secret version", () => {
  const check = (given: Values) =>
    errors(
      "aws_secretsmanager_secret_version",
      without(["secret_string", "secret_string_wo", "secret_binary", "secret_string_wo_version"], given),
    );

  it.each<[string, Values]>([
    ["a write-only secret with its version", { secret_string_wo: "a", secret_string_wo_version: 1 }],
    ["a secret that is not known yet", { secret_string_wo: UNKNOWN, secret_string_wo_version: UNKNOWN }],
    [
      "two secrets of which one may turn out to be null",
      { secret_string: "a", secret_string_wo: UNKNOWN, secret_string_wo_version: 1 },
    ],
  ])("may be %s", (_, given) => {
    expect(check(given)).toBe("");
  });

  it.each<[string, Values, string]>([
    [
      "a version without the write-only secret",
      { secret_string: "a", secret_string_wo_version: 1 },
      '"secret_string_wo_version": all of',
    ],
    [
      "two secrets",
      { secret_binary: "YQ==", secret_string: "a" },
      '"secret_string": conflicts with secret_binary',
    ],
    ["no secret", {}, "one of secret_string, secret_string_wo or secret_binary must be specified"],
  ])("may not be %s", (_, given, message) => {
    expect(check(given)).toContain(message);
  });
});

describe("the password of a database", () => {
  const check = (given: Values) =>
    errors(
      "aws_db_instance",
      without(
        [
          "identifier",
          "password",
          "password_wo",
          "password_wo_version",
          "manage_master_user_password",
          "skip_final_snapshot",
          "final_snapshot_identifier",
        ],
        given,
      ),
    );

  it("may be write-only, with its version", () => {
    expect(check({ password_wo: "long-enough", password_wo_version: 1 })).toBe("");
  });

  it.each<[string, Values, string]>([
    [
      "write-only without its version",
      { password_wo: "long-enough" },
      '"password_wo": all of `password_wo,password_wo_version` must be specified',
    ],
    [
      "given twice",
      { password: "long-enough", password_wo: "long-enough", password_wo_version: 1 },
      '"password": conflicts with password_wo',
    ],
    [
      "one with a sign that RDS refuses",
      { password_wo: "with@sign9", password_wo_version: 1 },
      "the master password needs",
    ],
  ])("may not be %s", (_, given, message) => {
    expect(check(given)).toContain(message);
  });
});

describe("the value of a parameter", () => {
  const check = (given: Values) =>
    errors("aws_ssm_parameter", without(["value", "value_wo", "value_wo_version", "insecure_value"], given));

  it("may be write-only, with its version", () => {
    expect(check({ value_wo: "b", value_wo_version: 1 })).toBe("");
  });

  it("may not be given twice", () => {
    expect(check({ value: "a", value_wo: "b", value_wo_version: 1 })).toContain(
      "only one of `insecure_value,value,value_wo` can be specified, but `value,value_wo` were",
    );
  });

  it("may not be left out", () => {
    expect(check({})).toContain("one of `insecure_value,value,value_wo` must be specified");
  });
});

describe("an ephemeral resource", () => {
  it.each<[string, Values, string]>([
    ["aws_lambda_invocation", { payload: "{" }, '"payload" contains invalid JSON'],
    ["aws_ssm_parameter", { arn: "/a/b" }, "arn takes the ARN of a parameter"],
    ["aws_secretsmanager_random_password", { password_length: 5000 }, "range (1 - 4096)"],
  ])("%s is checked", (type, config, message) => {
    expect(textOf(aws.checkEphemeral?.(type, config, context))).toContain(message);
  });
});

describe("two resources of one kind", () => {
  const planned = { name: "/a", tags: null };

  it("get different ids", () => {
    const change = { config: planned, prior: null, planned, block: {} };
    const id = () => aws.computed("aws_sns_topic_subscription", change, context)("id", "string", 0);
    expect(id()).not.toBe(id());
  });

  it.each([
    ["one region", "us-east-1", "us-east-1", true],
    ["two regions", "us-east-1", "us-west-2", false],
  ])("of the same name in %s", (_, first, second, refused) => {
    const own = { ...context, run: newRunState(".") };
    const create = (region: string, id: string) => {
      const change = { config: planned, prior: null, planned, block: {} };
      aws.applied?.("aws_cloudwatch_log_group", { name: "/a", region, id }, change, own);
    };
    create(first, "1");
    const again = expect(() => create(second, "2"));
    if (refused) again.toThrow("ResourceAlreadyExistsException");
    else again.not.toThrow();
  });
});

describe("the rotation of a Cognito client's refresh tokens", () => {
  const check = (rotation: Values, flow = "ALLOW_USER_SRP_AUTH") =>
    errors("aws_cognito_user_pool_client", {
      name: "c",
      refresh_token_rotation: [{ retry_grace_period_seconds: 60, ...rotation }],
      explicit_auth_flows: [flow],
    });

  it("may be on beside other flows", () => {
    expect(check({ feature: "ENABLED" })).toBe("");
  });

  it.each<[string, Values, string]>([
    ["a time of grace above a minute", { feature: "ENABLED", retry_grace_period_seconds: 61 }, "(0 - 60)"],
    ["no time of grace", { feature: "ENABLED", retry_grace_period_seconds: null }, "must be set"],
    ["an unknown state", { feature: "ON" }, '["ENABLED","DISABLED"]'],
  ])("may not have %s", (_, rotation, message) => {
    expect(check(rotation)).toContain(message);
  });

  it("excludes the flow with refresh tokens", () => {
    expect(check({ feature: "ENABLED" }, "ALLOW_REFRESH_TOKEN_AUTH")).toContain(
      "excludes ALLOW_REFRESH_TOKEN_AUTH",
    );
    expect(check({ feature: "DISABLED" }, "ALLOW_REFRESH_TOKEN_AUTH")).toBe("");
  });
});
