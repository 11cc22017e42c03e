import { describe, expect, it } from "@jest/globals";
import { importsSchema } from "../../environments/imports.ts";
import { environment, Template } from "./template.ts";

const imports = [
  { to: "aws_ecs_service.chat_synapse_homeserver", id: "phenom-dev-cluster/phenom-dev-synapse" },
  { to: "aws_security_group.chat_synapse_security_group", id: "sg-1", keep: ["description"] },
  { to: 'aws_efs_mount_target.chat_synapse_media_mount_target["subnet-1"]', id: "fsmt-1" },
];

describe("resources that an environment imports", () => {
  const template = new Template(environment(), imports);

  it("are import blocks of the stack", () => {
    expect(template.json.import).toEqual(imports.map(({ to, id }) => ({ to, id })));
  });

  it("keep the attributes whose change would replace them", () => {
    expect(template.resource("aws_security_group.chat_synapse_security_group").lifecycle).toEqual({
      ignore_changes: ["description"],
    });
  });

  it("must be in the stack", () => {
    expect(() => new Template(environment(), [{ to: "aws_ecs_service.gone", id: "x" }])).toThrow(
      "environments/development.imports.json: the stack has no aws_ecs_service.gone: remove it, or run npm run ops -- adopt again",
    );
  });

  it("are none without the file, and the stack has no import block then", () => {
    expect(new Template().json).not.toHaveProperty("import");
  });
});

describe("the file of imports", () => {
  it.each([
    [{ to: "aws_ecs_service", id: "x" }, "must be the address of a resource"],
    [{ to: "aws_ecs_service.a", id: "" }, "Too small"],
    [{ to: "aws_ecs_service.a", id: "x", keep: ["a b"] }, "must be the name of an attribute"],
    [{ to: "aws_ecs_service.a", id: "x", from: "y" }, "Unrecognized key"],
  ])("refuses %j", (entry, message) => {
    expect(() => importsSchema.parse([entry])).toThrow(message);
  });
});
