import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import * as z from "zod";
import { development } from "../../environments/development.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { describeWith } from "../../test/jest/describe-if.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { synthesised } from "../../test/terraform/offline.ts";
import { runTool } from "../../test/terraform/tool.ts";
import { close, listen } from "../servers/listening.ts";
import { archive } from "./archive.ts";
import { moduleFiles, moveFiles } from "./files.ts";

const plan = z.object({
  resource_changes: z.array(
    z.object({ address: z.string(), change: z.object({ actions: z.array(z.string()) }) }),
  ),
});
/** Both keep what they replace: earlier revisions stay registered, earlier versions AWSPREVIOUS. */
const REPLACED = /(^|\.)aws_(ecs_task_definition|secretsmanager_secret_version)\./;
/** The wiring opens neither the admin paths nor the database's group, and so must the stack to have the same resources. */
const environment: EnvironmentData = {
  ...development,
  adminAccess: "closed",
  ingressRules: { ...development.ingressRules, databaseFromSynapse: "platform" },
};

describeWith("terraform")("the modules with the real Terraform", () => {
  const root = mkdtempSync(path.join(tmpdir(), "phenom-chat-modules-"));
  const example = (name: string) => path.join(root, "examples", name);
  const folder = (name: string, files: Record<string, string>) => {
    const made = example(name);
    cpSync("examples/hcl", made, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(path.join(made, file), content);
    return made;
  };
  const moveFile = (name: string) => Buffer.from(moveFiles(environment).get(name) ?? "").toString();

  beforeAll(() => {
    cpSync("examples", path.join(root, "examples"), { recursive: true });
    for (const [name, content] of moduleFiles()) {
      const file = path.join(root, "dist/modules", name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  });
  afterAll(() => rmSync(root, { recursive: true }));

  /** Runs commands of Terraform one after the other in a folder. @returns what the last one prints */
  async function terraform(where: string, ...commands: string[]): Promise<string> {
    const script = commands.map((command) => `"$TF_OFFLINE_TERRAFORM" -chdir=. ${command}`).join(" > log\n");
    const { code, stdout, output } = await runTool([
      where,
      "exec",
      "--",
      "bash",
      "-ec",
      `cd "${where}"\n${script}`,
    ]);
    withMessage(output, () => expect(code).toBe(0));
    return stdout;
  }
  const INPUTS = "-input=false -no-color -var-file=example.tfvars";

  /** What a plan would do, by action. Nothing changes but by Terraform. */
  async function planned(where: string, options = INPUTS): Promise<Record<string, string[]>> {
    const json = await terraform(
      where,
      "init -no-color",
      `plan ${options} -refresh=false -out=plan`,
      "show -json plan",
    );
    const { resource_changes: changes } = plan.parse(JSON.parse(json));
    const actions = new Set(changes.flatMap(({ change }) => change.actions));
    const byAction = (action: string) =>
      changes.filter(({ change }) => change.actions.includes(action)).map(({ address }) => address);
    return Object.fromEntries([...actions].map((action) => [action, byAction(action)]));
  }
  const lost = (changes: Record<string, string[]>) =>
    (changes["delete"] ?? []).filter((address) => !REPLACED.test(address));

  it("are applied as the wiring calls them, and a second plan is empty", async () => {
    await terraform(
      example("hcl"),
      "init -no-color",
      `apply ${INPUTS} -auto-approve`,
      `plan ${INPUTS} -detailed-exitcode`,
    );
    const state = readFileSync(path.join(example("hcl"), "terraform.tfstate"), "utf8");
    expect(state).not.toContain("not-a-real-one");
  });

  it("give their state to the chat stack, and take it back, without destroying anything", async () => {
    const { stack, inputs, out } = synthesised(environment);
    const variables = inputs[inputs.indexOf("--var-file") + 1] ?? "";
    // Not terraform.tfstate, which init would take for a state to migrate.
    const state = path.join(stack, "chat.tfstate");
    copyFileSync(path.join(example("hcl"), "terraform.tfstate"), state);
    writeFileSync(
      path.join(stack, "backend_override.tf.json"),
      JSON.stringify({ terraform: { backend: { local: { path: state } } } }),
    );
    writeFileSync(path.join(stack, "to-cdktf.tf.json"), moveFile("to-cdktf.tf.json"));
    const back = await planned(stack, `-input=false -no-color -var-file=${variables}`);
    expect(lost(back)).toEqual([]);
    // New is only what the modules don't have.
    expect(
      (back["create"] ?? []).filter(
        (address) => !/\.(monitoring_|dns_record)/.test(address) && !REPLACED.test(address),
      ),
    ).toEqual([]);

    await terraform(stack, "apply -input=false -no-color plan");
    const again = folder("again", { "to-modules.tf.json": moveFile("to-modules.tf.json") });
    copyFileSync(state, path.join(again, "terraform.tfstate"));
    const there = await planned(again);
    expect(lost(there)).toEqual([]);
    rmSync(out, { recursive: true });
    expect(there["forget"]?.every((address) => /\.(monitoring_|dns_record)/.test(address))).toBe(true);
  });

  it("are forgotten and not destroyed by the blocks of docs/adopting.md, and destroyed by destroy", async () => {
    const blocks =
      readFileSync("docs/adopting.md", "utf8").match(/^ {4}removed \{\n(?:.+\n)+? {4}\}$/gm) ?? [];
    expect(blocks).toHaveLength(5);
    const old = folder("old", { "main.tf": blocks.join("\n") });
    copyFileSync(path.join(example("hcl"), "terraform.tfstate"), path.join(old, "terraform.tfstate"));
    const changes = await planned(old);
    expect(Object.keys(changes)).toEqual(["forget"]);
    expect(changes["forget"]?.length).toBeGreaterThan(100);
    await terraform(example("hcl"), `destroy ${INPUTS} -refresh=false -auto-approve`);
  });

  it.each(["hcl-hasura-only", "hcl-synapse-only"])("are planned as examples/%s calls them", async (name) => {
    const { code, output } = await runTool([example(name), "check", "--plan-only"]);
    withMessage(output, () => expect(code).toBe(0));
  });

  it("are taken out of a release's archive by their addresses", async () => {
    const zip = archive(moduleFiles());
    const server = createServer((_, response) => response.end(zip));
    const address = `http://127.0.0.1:${await listen(server)}/phenom-chat-modules.zip`;
    const made = example("archive");
    mkdirSync(made);
    writeFileSync(
      path.join(made, "main.tf"),
      `module "chat_shared" {\n  source = "${address}//chat-shared"\n}\n`,
    );
    await terraform(made, "get -no-color");
    await close(server);
    const taken = path.join(made, ".terraform/modules/chat_shared/chat-shared/variables.tf.json");
    expect(readFileSync(taken)).toEqual(
      Buffer.from(moduleFiles().get("chat-shared/variables.tf.json") ?? ""),
    );
  });

  it.each([
    [
      "their shape",
      {
        "local.project_name": '"Phenom"',
        "${module.ecs.graphql_service_name}": "phenom-dev-graphql",
      },
      ["project_name must be 2 to 20 lower-case letters", "a single label is a name of ECS Service Connect"],
    ],
    [
      "what else they need",
      { '= "hasura"': '= "synapse"', "module.rds.master_username": "null" },
      [
        "backend_type synapse needs the output internal_url of chat-synapse",
        "set it with rds_master_password, or set use_secret_arns and rds_master_secret_arn",
      ],
    ],
  ])("refuse inputs for %s, and say what to do", async (_, changes, remedies) => {
    const main = Object.entries(changes).reduce(
      (text, [from, to]) => text.replaceAll(from, to),
      readFileSync("examples/hcl/main.tf", "utf8"),
    );
    const wrong = folder("wrong", { "main.tf": main });
    const variables = path.join(wrong, "example.tfvars");
    const { code, output } = await runTool([wrong, "check", "--plan-only", "--var-file", variables]);
    expect(code).not.toBe(0);
    const text = output.replaceAll(/[\s│|]+/g, " ");
    for (const remedy of remedies) expect(text).toContain(remedy);
  });
});
