import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { App } from "cdktf";
import { examples } from "../../examples/stacks.ts";
import { describeWith } from "../jest/describe-if.ts";
import { withMessage } from "../jest/with-message.ts";
import { check, type Run } from "./offline.ts";

const variables = {
  ...JSON.parse(readFileSync("environments/development.example.tfvars.json", "utf8")),
  image_id: "ami-0a1b2c3d4e5f60718",
  release: "1.4.2",
  public_subnet_id: "subnet-0a1b2c3d4e5f60733",
  availability_zone: "us-east-1a",
  zone_id: "Z0123456789ABCDEFGHIJ",
};

/** Plans, applies, plans again, makes a change, and destroys an example. */
async function checked(name: string, change: readonly object[]): Promise<Run> {
  const out = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
  const app = new App({ outdir: path.join(out, "cdktf.out"), stackTraces: false });
  const refused = examples(app).flatMap((stack) =>
    stack.node.findAll().flatMap(({ node }) => node.validate()),
  );
  expect(refused).toEqual([]);
  app.synth();
  const stack = path.join(out, "cdktf.out/stacks", name);
  const declared = JSON.parse(readFileSync(path.join(stack, "cdk.tf.json"), "utf8")).variable;
  const inputs = Object.entries(variables).filter(([name]) => name in declared);
  const file = path.join(out, "variables.tfvars.json");
  writeFileSync(file, JSON.stringify(Object.fromEntries(inputs)));
  const patch = path.join(out, "patch.json");
  writeFileSync(patch, JSON.stringify(change));
  const run = await check({ stack, out, role: {}, inputs: ["--var-file", file] }, "--mutate", patch);
  withMessage(run.output, () => expect(run.code).toBe(0));
  expect(run.output).toMatch(/ok {4}plan again .* No changes\./);
  expect(run.warnings).toEqual([]);
  return run;
}

describeWith("terraform")("the neighbouring systems on the chat's constructs", () => {
  const userData = [{ op: "add", path: "/resource/aws_instance/instance/user_data", value: "#!/bin/sh\n" }];

  it.concurrent("Faceplate is applied and destroyed; a new first start replaces the instance alone", async () => {
    const { touched } = await checked("example-faceplate", userData);
    expect(touched[0]?.filter((line) => line.includes("delete, create"))).toEqual([
      "aws_instance.instance: delete, create (forced by user_data)",
      "aws_lb_target_group_attachment.attachment: delete, create (forced by target_id)",
    ]);
  });

  it.concurrent("CodeMonet is applied and destroyed; its data outlives the instance", async () => {
    const { touched } = await checked("example-codemonet", userData);
    expect(touched[0]?.filter((line) => line.startsWith("aws_ebs_volume"))).toEqual([]);
    expect(touched[0]).toContain("aws_instance.instance: delete, create (forced by user_data)");
  });
});

describe("an example", () => {
  it.each(["faceplate", "codemonet"])("%s is a stack of fewer than 250 lines", (name) => {
    const sources = readdirSync(`examples/${name}`).filter((file) => file.endsWith(".ts"));
    const lines = sources.flatMap((file) =>
      readFileSync(`examples/${name}/${file}`, "utf8").trimEnd().split("\n"),
    );
    expect(lines.length).toBeLessThan(250);
  });
});
