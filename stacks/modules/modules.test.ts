import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { moduleFiles } from "../../tools/modules/files.ts";
import { moves } from "../../tools/modules/moves.ts";
import { Template } from "../chat/template.ts";
import { moduleConfigurations } from "./index.ts";
import { indexCounted, merge } from "./merge.ts";

const configurations = moduleConfigurations();
const files = moduleFiles(configurations);
const textOf = (name: string) => Buffer.from(files.get(name) ?? "").toString();

/** Arguments of each module block in a file. */
function wiring(file: string): Record<string, string[]> {
  const blocks = readFileSync(file, "utf8").matchAll(/^module "(\w+)" \{\n((?:.+\n)+?)\}$/gm);
  return Object.fromEntries(
    [...blocks].map(([, name = "", body = ""]) => [
      name.replaceAll("_", "-"),
      [...body.matchAll(/^ {2}(\w+) +=/gm)]
        .map(([, argument = ""]) => argument)
        .filter((a) => a !== "source"),
    ]),
  );
}

describe("the five as Terraform modules", () => {
  it("are the same to the byte at every run", () => {
    const again = moduleFiles();
    expect([...again.keys()]).toEqual([...files.keys()]);
    for (const [name, content] of files)
      expect(Buffer.compare(content, again.get(name) ?? Buffer.of())).toBe(0);
  });

  it("configure no provider and no backend, and leave no token of the synthesis", () => {
    for (const name of [...files.keys()].filter((name) => name.endsWith(".json")))
      expect(textOf(name)).not.toMatch(/TfToken|"provider":|"backend":|-1\.8\d+e\+\d+/);
  });

  it("name their version", () => {
    for (const module of Object.keys(configurations))
      expect(textOf(`${module}/main.tf.json`)).toContain(`"${module} 0.`);
  });

  it.each([
    "hcl",
    "hcl-hasura-only",
    "hcl-synapse-only",
  ])("take what examples/%s passes, and miss nothing", (example) => {
    for (const [module, given] of Object.entries(wiring(`examples/${example}/main.tf`))) {
      const variables = Object.entries(configurations[module]?.variable ?? {});
      const names = variables.map(([name]) => name);
      expect(given.filter((name) => !names.includes(name))).toEqual([]);
      const required = variables.filter(([, body]) => !("default" in body)).map(([name]) => name);
      expect(required.filter((name) => !given.includes(name))).toEqual([]);
    }
  });

  it("keep passwords and secrets that are passed out of plan and state", () => {
    const variable = configurations["chat-synapse"]?.variable ?? {};
    for (const name of ["rds_master_password", "cognito_oidc_client_secret"])
      expect(variable[name]).toMatchObject({ ephemeral: true, sensitive: true });
  });

  it("describe every variable and every output", () => {
    for (const { variable, output } of Object.values(configurations))
      for (const body of [...Object.values(variable), ...Object.values(output)])
        expect(body).toMatchObject({ description: expect.stringMatching(/.{8}/) });
  });

  it("have every resource of the chat stack except its monitoring and DNS record", () => {
    const { moved, stackOnly, modulesOnly } = moves(new Template().addresses(), configurations);
    expect(moved.length).toBeGreaterThan(100);
    expect(stackOnly.filter((address) => !/\.(monitoring_|dns_record$)/.test(address))).toEqual([]);
    // What the environment leaves to the platform, and secrets for values that the caller passes.
    expect(modulesOnly).toEqual([
      "module.chat_synapse.aws_secretsmanager_secret.rds_master[0]",
      "module.chat_synapse.aws_secretsmanager_secret.oidc[0]",
      "module.chat_synapse.aws_secretsmanager_secret_version.rds_master_version[0]",
      "module.chat_synapse.aws_secretsmanager_secret_version.oidc_version[0]",
      "module.chat_synapse.aws_vpc_security_group_ingress_rule.admin_ui_from_alb[0]",
      "module.chat_mcp_server.aws_vpc_security_group_ingress_rule.from_alb[0]",
    ]);
  });

  it("open the admin paths to nobody unless they are told to", () => {
    expect(configurations["chat-synapse"]?.variable["admin_access"]).toMatchObject({ default: "closed" });
  });
});

describe("two configurations in one", () => {
  const empty = { variable: {}, output: {}, data: {}, ephemeral: {} };
  const one = (resource: Record<string, Record<string, Record<string, unknown>>>) => ({ ...empty, resource });
  const merged = (yes: object, no: object) =>
    merge("var.a", one({ t: { n: { ...yes } } }), one({ t: { n: { ...no } } })).resource["t"]?.["n"];

  it("choose between texts and expressions", () => {
    expect(merged({ x: "${a.b}", y: 1 }, { x: 'say "c"', y: 1 })).toEqual({
      x: '${var.a ? a.b : "say \\"c\\""}',
      y: 1,
    });
    expect(merged({ x: '${f("{${g}")}' }, {})).toEqual({ x: '${var.a ? f("{${g}") : null}' });
  });

  it("refuse to choose between texts that mix both", () => {
    expect(() => merged({ x: "a ${b}" }, { x: "c" })).toThrow("can't be merged");
    expect(() => merged({ x: "${a}${b}" }, { x: "c" })).toThrow("can't be merged");
  });

  it("make blocks that differ dynamic, and depend on what either depends on", () => {
    expect(
      merged(
        { action: [{ type: "a" }], depends_on: ["x.y"] },
        { action: [{ type: "b" }], depends_on: ["x.z"] },
      ),
    ).toEqual({
      depends_on: ["x.y", "x.z"],
      dynamic: {
        action: [
          { for_each: "${var.a ? [1] : []}", content: { type: "a" } },
          { for_each: "${var.a ? [] : [1]}", content: { type: "b" } },
        ],
      },
    });
  });

  it("count what only one of them has, and refer to it by its index", () => {
    const both = merge("var.a", one({ t: { n: { x: 1 }, m: { y: "${t.n.id}" } } }), one({}));
    expect(indexCounted(both).resource).toEqual({
      t: { n: { count: "${var.a ? 1 : 0}", x: 1 }, m: { count: "${var.a ? 1 : 0}", y: "${t.n[0].id}" } },
    });
    const nested = merge("var.b", one({}), both).resource["t"]?.["n"];
    expect(nested).toMatchObject({ count: "${(!(var.b)) && (var.a) ? 1 : 0}" });
  });
});
