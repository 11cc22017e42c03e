import { describe, expect, it } from "@jest/globals";
import { environment, Template } from "../../stacks/chat/template.ts";
import { assumptions } from "../../tools/ab/cost.ts";

const hasura = new Template();
const synapse = new Template(environment({ mcp: { backend: "synapse" } }));
const containers = (template: Template) =>
  String(template.resource("aws_ecs_task_definition.chat_mcp_server_service_task").container_definitions);
const names = (template: Template) =>
  [...containers(template).matchAll(/\{"name" = "([A-Z_]+)"/g)].map(([, name]) => name);

describe("the MCP server", () => {
  it("answers /mcp and the OAuth metadata at priority 300", () => {
    expect(hasura.resource("aws_lb_listener_rule.chat_mcp_server_rule")).toMatchObject({
      priority: 300,
      condition: [
        { host_header: { values: ["chat-testing.thephenom.app"] } },
        { path_pattern: { values: ["/mcp", "/mcp/*", "/.well-known/oauth-*"] } },
      ],
    });
  });

  it("is replaced without a gap and scales on CPU", () => {
    expect(hasura.resource("aws_ecs_service.chat_mcp_server_service")).toMatchObject({
      name: "phenom-dev-chat-mcp",
      deployment_minimum_healthy_percent: 100,
      deployment_maximum_percent: 200,
      lifecycle: { ignore_changes: ["desired_count"] },
    });
    expect(hasura.resource("aws_appautoscaling_target.chat_mcp_server_scaling")).toMatchObject({
      min_capacity: 1,
      max_capacity: 2,
    });
    expect(hasura.resource("aws_appautoscaling_policy.chat_mcp_server_scaling_policy")).toMatchObject({
      target_tracking_scaling_policy_configuration: {
        predefined_metric_specification: { predefined_metric_type: "ECSServiceAverageCPUUtilization" },
        // As the comparison's costs assume.
        target_value: assumptions.utilisation * 100,
      },
    });
  });

  it("gets the settings of its own backend only", () => {
    expect(names(hasura).filter((name) => name?.startsWith("SYNAPSE"))).toEqual([]);
    expect(names(synapse).filter((name) => /^(AGENT|HASURA)/.test(name ?? ""))).toEqual([]);
    expect(names(hasura)).toEqual(
      expect.arrayContaining(["AGENT_PASSWORD", "AGENT_USERNAME", "HASURA_ENDPOINT"]),
    );
    expect(names(synapse)).toEqual(expect.arrayContaining(["SYNAPSE_BOT_PASSWORD", "SYNAPSE_URL"]));
  });

  it("sorts its variables by name, so that a change is one line", () => {
    for (const template of [hasura, synapse])
      for (const list of ["environment", "secrets"]) {
        const [, text = ""] = new RegExp(`"${list}" = \\[(.*?)\\](?:,|\\})`).exec(containers(template)) ?? [];
        const listed = [...text.matchAll(/\{"name" = "([A-Z_]+)"/g)].map(([, name]) => name);
        expect(listed).toEqual([...listed].sort());
      }
  });

  it("accepts tokens of the agent client, and of the one through which it signs people in", () => {
    expect(containers(hasura)).toContain(
      '"COGNITO_CLIENT_IDS", "value" = "${aws_cognito_user_pool_client.chat_shared_agent.id},${aws_cognito_user_pool_client.chat_shared_mcp.id}"',
    );
  });

  it("seals sign-ins with a key that a raised version replaces, while the one before it still opens", () => {
    const keys = (signInKey: number) => {
      const template = new Template(environment({ secretVersions: { signInKey } }));
      const version = (id: string) =>
        template.resource(`aws_secretsmanager_secret_version.chat_mcp_server_sign_in_key_${id}_version`)
          .secret_string_wo_version;
      const read = (name: string) =>
        new RegExp(`"name" = "${name}", "valueFrom" = "[^"]*sign_in_key_(odd|even)\\.arn`).exec(
          containers(template),
        )?.[1];
      const [current = "", previous = ""] = [read("SIGN_IN_KEY"), read("SIGN_IN_PREVIOUS_KEY")];
      return [`${current}/${version(current)}`, `${previous}/${version(previous)}`];
    };
    expect([1, 2, 3, 4].map(keys)).toEqual([
      ["odd/1", "even/1"],
      ["even/2", "odd/1"],
      ["odd/2", "even/2"],
      ["even/3", "odd/2"],
    ]);
  });

  it("has no Linux capabilities and no rights on AWS", () => {
    expect(containers(hasura)).toContain('"capabilities" = {"drop" = ["ALL"]}');
    expect(Object.keys(hasura.resources("aws_iam_role_policy"))).not.toContain(
      "chat_mcp_server_service_task_policy",
    );
  });
});
