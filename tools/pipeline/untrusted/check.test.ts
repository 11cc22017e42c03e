import { describe, expect, it } from "@jest/globals";
import { development } from "../../../environments/development.ts";
import { production } from "../../../environments/production.ts";
import type { EnvironmentData } from "../../../environments/schema.ts";
import { Template } from "../../../stacks/chat/template.ts";
import { objections, parseStack } from "./check.ts";

const made = new Map<EnvironmentData, string>();
function synthesised(data: EnvironmentData) {
  const json = made.get(data) ?? JSON.stringify(new Template(data).json);
  made.set(data, json);
  return JSON.parse(json);
}
const reviewed = synthesised(production);
const CLIENT = "aws_cognito_user_pool_client.chat_shared_agent";

/** The reviewed stack with something added at a path. */
function changed(path: readonly string[], value: unknown) {
  const stack = synthesised(production);
  let place = stack;
  for (const key of path.slice(0, -1)) place = place[key] ??= {};
  place[path.at(-1) ?? ""] = value;
  return stack;
}
const named = (value: string) => changed(["resource", "aws_sns_topic", "new"], { name: value });

describe("a stack of a pull request may be planned", () => {
  it.each<[string, EnvironmentData, EnvironmentData]>([
    ["as the reviewed one", production, production],
    [
      "with other sizes and limits, and with workers",
      production,
      {
        ...production,
        maxUploadSize: "100M",
        services: { ...production.services, synapse: { cpu: 1024, memory: 2048 } },
      },
    ],
    [
      "without one of the implementations",
      development,
      { ...development, adminAccess: "closed", implementations: { synapse: false, hasura: true } },
    ],
  ])("%s", (_, before, after) => {
    expect(objections(synthesised(after), synthesised(before))).toEqual([]);
  });

  it.each([
    ["refers to another resource", "${aws_sns_topic.monitoring_alarms.arn}"],
    ["reads what is not sensitive of a resource that has a secret", `\${${CLIENT}.id}`],
    ["has a function that only calculates", '${join("-", [for n in ["a"] : upper(n)])}'],
    ["has text that looks like a call, outside of expressions", "file(x) and nonsensitive(y), $${file(z)}"],
    ["draws a value for itself", "${ephemeral.random_password.chat_synapse_form_secret.result}"],
  ])("if it %s", (_, value) => {
    expect(objections(named(value), reviewed)).toEqual([]);
  });
});

describe("a stack of a pull request is not planned", () => {
  const refused = (stack: unknown) => objections(stack, reviewed).join("\n");

  it.each([
    ["a file", '${file("/proc/self/environ")}', "calls file()"],
    ["a file, in a string of a string", '${jsonencode({a = "x${filebase64("k")}"})}', "calls filebase64()"],
    ["a file, through a template", '${templatefile("t", {})}', "calls templatefile()"],
    ["a file, as a field's name", '%{ if file("a") == "" }x%{ endif }', "calls file()"],
    ["a file, after a comment", '${file/**/("a")}', "has a comment"],
    ["a provider's function", '${provider::aws::arn_parse("a")}', "calls provider::aws::arn_parse()"],
    ["a heredoc", "${<<A\nx\nA\n}", "has a heredoc"],
    ["half an expression", "${jsonencode(", "does not end"],
    ["a mark that is taken off", `\${nonsensitive(${CLIENT}.id)}`, "calls nonsensitive()"],
    ["a secret", `\${${CLIENT}.client_secret}`, `reads ${CLIENT}.client_secret, which is sensitive`],
    ["a secret, by index", `\${${CLIENT}["client_secret"]}`, "as a whole"],
    ["a secret, with space", `\${${CLIENT} . client_secret}`, "as a whole"],
    ["a secret, in a list", `\${[for c in [${CLIENT}] : values(c)]}`, "as a whole"],
    [
      "a stored secret",
      "${aws_secretsmanager_secret_version.chat_synapse_homeserver_config_version.secret_string}",
      "secret_string, which is sensitive",
    ],
    ["letters that look like others", "${f\u0456le(1)}", "a character outside of ASCII"],
  ])("if an expression has %s", (_, value, objection) => {
    expect(refused(named(value))).toContain(objection);
    expect(refused(changed(["resource", "aws_sns_topic", "new"], { tags: { [value]: "x" } }))).toContain(
      objection,
    );
  });

  it("if it moves a secret from where the reviewed stack has it to another place", () => {
    const versions = reviewed.resource.aws_secretsmanager_secret_version;
    expect(refused(named(versions.chat_shared_clients_version.secret_string_wo))).toContain(
      "resource.aws_sns_topic.new.name: reads aws_cognito_user_pool_client.",
    );
  });

  it("if a resource with secrets reads itself", () => {
    const lifecycle = { postcondition: [{ condition: "${self.client_secret == 1}", error_message: "x" }] };
    const [type, name] = CLIENT.split(".") as [string, string];
    const body = reviewed.resource[type][name];
    expect(refused(changed(["resource", type, name], { ...body, lifecycle }))).toContain("reads self");
  });

  it.each<[string, readonly string[], unknown, string]>([
    [
      "a provider's endpoint",
      ["provider", "aws"],
      [{ endpoints: [{ sts: "https://e" }] }],
      "provider: differs",
    ],
    [
      "another provider",
      ["terraform", "required_providers", "http"],
      { source: "x/http" },
      "terraform: differs",
    ],
    ["another backend", ["terraform", "backend"], { http: { address: "https://e" } }, "terraform: differs"],
    ["a module", ["module", "m"], { source: "git::https://e" }, "module"],
    [
      "a program as data source",
      ["data", "external", "x"],
      { program: ["sh"] },
      "no reviewed stack reads this type",
    ],
    [
      "a secret as data source",
      ["data", "aws_secretsmanager_secret_version", "x"],
      {},
      "no reviewed stack reads",
    ],
    [
      "a secret as ephemeral value",
      ["ephemeral", "aws_secretsmanager_secret_version", "x"],
      {},
      "no reviewed stack",
    ],
    ["another state", ["data", "terraform_remote_state", "x"], { backend: "http" }, "reads another state"],
    ["a data source in a check", ["check", "c"], { data: { external: {} } }, "only assertions"],
    ["a type that the project does not know", ["resource", "aws_glue_job", "x"], {}, "new to the project"],
    [
      "a provisioner",
      ["resource", "aws_sns_topic", "x"],
      { provisioner: [{ "local-exec": { command: "id" } }] },
      "could run a program",
    ],
    [
      "a provisioner of a removed resource",
      ["removed"],
      [{ from: "a.b", provisioner: {} }],
      "could run a program",
    ],
    [
      "a list where Terraform would read blocks",
      ["resource", "aws_sns_topic"],
      [{ x: {} }],
      "resource.aws_sns_topic",
    ],
  ])("if it has %s", (_, path, value, objection) => {
    expect(refused(changed(path, value))).toContain(objection);
  });

  it("if a field could be read in two ways", () => {
    expect(() => parseStack('{"__pro\\u0074o__": {}}')).toThrow("__proto__");
    expect(parseStack('{"data": {"external": {}}, "data": {}}')).toEqual({ data: {} });
  });
});
