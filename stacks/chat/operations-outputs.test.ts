import { describe, expect, it } from "@jest/globals";
import { withMessage } from "../../test/jest/with-message.ts";
import { environment, Template } from "./template.ts";

const template = new Template();
const value = (name: string) =>
  template.json.output?.[name]?.value as Record<string, Record<string, unknown>>;

describe("the outputs for operations", () => {
  it("describe the desired state of each service", () => {
    expect(value("services").mcp).toEqual({
      name: "${aws_ecs_service.chat_mcp_server_service.name}",
      container: "phenom-dev-chat-mcp",
      image: "applepublicdotcom/phenom-chat-mcp:${var.mcp_image_tag}",
      task_definition: "${aws_ecs_task_definition.chat_mcp_server_service_task.arn}",
      target_group: "${aws_lb_target_group.chat_mcp_server_service_target_group.arn}",
      log_group: "${aws_cloudwatch_log_group.chat_mcp_server_service_task_log_group.name}",
      least_tasks: 1,
      most_tasks: 2,
    });
    expect(value("services").synapse).toMatchObject({ most_tasks: 1 });
  });

  it("name every resource that a one-shot task needs before the rest is applied", () => {
    for (const [part, { addresses }] of Object.entries(value("one_shot_tasks")))
      for (const address of addresses as string[])
        withMessage(`${part}: ${address}`, () => expect(template.addresses()).toContain(address));
    expect(value("one_shot_tasks").database_setup?.addresses).toEqual([
      "aws_ecs_task_definition.chat_synapse_database_setup",
      "aws_iam_role_policy.chat_synapse_database_setup_execution_policy",
      "aws_vpc_security_group_egress_rule.chat_synapse_to_database",
      "aws_vpc_security_group_egress_rule.chat_synapse_to_https",
      "aws_vpc_security_group_ingress_rule.chat_synapse_database_from_synapse",
    ]);
  });

  it("refer only to resources that exist once the one-shot tasks of the database are applied", () => {
    const references = JSON.stringify(value("one_shot_tasks")).match(/\$\{(?!var\.|data\.)[^}]+\}/g);
    expect(references).toEqual(["${aws_security_group.chat_synapse_security_group.id}"]);
  });

  it("describe every rule of the listener", () => {
    expect(Object.keys(value("listener_rules")).sort()).toEqual(
      Object.keys(template.resources("aws_lb_listener_rule")).sort(),
    );
    expect(value("listener_rules").chat_synapse_admin_api_rule).toMatchObject({
      priority: 199,
      host: "chat-testing.thephenom.app",
      paths: ["/_synapse/admin/*"],
      actions: ["authenticate-cognito", "forward"],
    });
  });

  it("leave out what does not run in the environment", () => {
    const hasuraOnly = new Template(
      environment({ implementations: { synapse: false, hasura: true }, mcp: { backend: "hasura" } }),
    );
    expect(Object.keys(hasuraOnly.json.output?.one_shot_tasks?.value as object)).toEqual([
      "migration",
      "metadata",
    ]);
    expect(Object.keys(hasuraOnly.json.output?.services?.value as object)).toEqual(["mcp"]);
  });
});

describe("task definitions", () => {
  it("stay registered when a newer one replaces them, so that a service can be rolled back", () => {
    for (const [name, body] of Object.entries(template.resources("aws_ecs_task_definition")))
      expect([name, body.skip_destroy]).toEqual([name, true]);
  });
});
