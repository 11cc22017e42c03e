import { describe, expect, it } from "@jest/globals";
import type { Value, Values } from "../../plugin/value.ts";
import { newRunState } from "../../run-state.ts";
import { aws } from "./index.ts";

const region = "us-east-1";
const block = { attributes: {} };
const context = () => ({ run: newRunState("."), providerConfig: null });

/** What AWS would say to a configuration in which everything that `given` lacks is left out. */
const errors = (type: string, given: Values) => {
  const config = new Proxy(given, { get: (target, name: string) => (name in target ? target[name] : null) });
  return (aws.checkResource?.(type, config, context()) ?? [])
    .filter(({ severity }) => severity === "error")
    .map(({ message, detail }) => `${message} ${detail}`)
    .join("\n");
};

describe("AWS refuses", () => {
  it.each<[string, string, Values, string]>([
    [
      "a version of PostgreSQL that RDS has withdrawn",
      "aws_db_instance",
      { engine: "postgres", engine_version: "17.4" },
      "Cannot find version 17.4 for postgres",
    ],
    ["the name of a role of RDS's own", "aws_db_instance", { username: "admin" }, "reserved word"],
    [
      "storage that can't grow by a tenth",
      "aws_db_instance",
      { allocated_storage: 100, max_allocated_storage: 105 },
      "at least 10% greater",
    ],
    [
      "backups during the maintenance",
      "aws_db_instance",
      { backup_window: "06:00-07:00", maintenance_window: "sun:06:30-sun:07:30" },
      "must not overlap",
    ],
    [
      "days of Performance Insights that it does not sell",
      "aws_db_instance",
      { performance_insights_retention_period: 30 },
      "7, 731 or a multiple of 31",
    ],
    [
      "a subnet group in one zone",
      "aws_db_subnet_group",
      { subnet_ids: ["subnet-1"] },
      "two availability zones",
    ],
    ["a load balancer in one zone", "aws_lb", { subnets: ["subnet-1"] }, "At least two subnets"],
    ["a VPC of half the internet", "aws_vpc", { cidr_block: "10.0.0.0/8" }, "InvalidVpc.Range"],
    ["a public NAT gateway without an address", "aws_nat_gateway", {}, "allocation_id is required"],
    [
      "a second factor of no kind",
      "aws_cognito_user_pool",
      {
        mfa_configuration: "OPTIONAL",
        sms_configuration: [],
        software_token_mfa_configuration: [],
        email_mfa_configuration: [],
      },
      "without any kind of second factor",
    ],
    [
      "addresses as names and as aliases",
      "aws_cognito_user_pool",
      { username_attributes: ["email"], alias_attributes: ["email"] },
      '"username_attributes": conflicts with alias_attributes',
    ],
    [
      "two passwords of an account",
      "aws_cognito_user",
      { password: "a", temporary_password: "b" },
      "conflicts with",
    ],
    [
      "mail from another domain than the identity's",
      "aws_ses_domain_mail_from",
      { domain: "example.org", mail_from_domain: "mail.example.com" },
      "is not subdomain of",
    ],
    [
      "a certificate for a URL",
      "aws_acm_certificate",
      { domain_name: "https://a.example" },
      "invalid value for domain_name",
    ],
  ])("%s", (_, type, given, message) => {
    expect(errors(type, given)).toContain(message);
  });

  it("accepts the major version alone, whose minor version RDS chooses", () => {
    expect(errors("aws_db_instance", { engine: "postgres", engine_version: "17" })).toBe("");
  });

  const made = (run: ReturnType<typeof context>, type: string, state: Values) =>
    aws.applied?.(type, { region, ...state }, { config: {}, prior: null, planned: {}, block }, run);

  it("a subnet that shares addresses with another one of its VPC", () => {
    const run = context();
    const subnet = (id: string, vpc_id: Value, cidr_block: Value) =>
      made(run, "aws_subnet", { id, vpc_id, cidr_block });
    subnet("subnet-1", "vpc-1", "10.0.0.0/20");
    subnet("subnet-2", "vpc-1", "10.0.16.0/20");
    subnet("subnet-3", "vpc-2", "10.0.0.0/20");
    expect(() => subnet("subnet-4", "vpc-1", "10.0.15.0/24")).toThrow("InvalidSubnet.Conflict");
  });

  it("a member of a group that is not there", () => {
    const run = context();
    const member = { user_pool_id: "us-east-1_A", username: "agent" };
    expect(() => made(run, "aws_cognito_user_in_group", { ...member, group_name: "agent" })).toThrow(
      "Group not found",
    );
    made(run, "aws_cognito_user_group", { id: "1", user_pool_id: "us-east-1_A", name: "agent" });
    made(run, "aws_cognito_user_in_group", { ...member, group_name: "agent" });
  });
});

describe("the functions and secrets of a region", () => {
  it("are those that the run has made", () => {
    const run = context();
    const made = (type: string, state: Values) =>
      aws.applied?.(type, { region, ...state }, { config: {}, prior: null, planned: {}, block }, run);
    made("aws_lambda_function", { id: "f", function_name: "f" });
    made("aws_secretsmanager_secret", { id: "arn:a", name: "a-one" });
    made("aws_secretsmanager_secret", { id: "arn:b", name: "b-two" });
    const read = (type: string, config: Values, name: string) =>
      aws.dataSource(type, config, run)(name, ["set", "string"], 0);
    expect(read("aws_lambda_functions", {}, "function_names")).toEqual(["f"]);
    const filter = [{ name: "name", values: ["a-"] }];
    expect(read("aws_secretsmanager_secrets", { filter }, "arns")).toEqual(["arn:a"]);
  });
});
