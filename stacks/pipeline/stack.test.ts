import { describe, expect, it } from "@jest/globals";
import { App, Testing } from "cdktf";
import { type EnvironmentData, parseEnvironment } from "../../environments/schema.ts";
import { environment, Template } from "../chat/template.ts";
import { PipelineStack } from "./stack.ts";

const later = "repo:Phenom-earth@1234/phenom-chat@5678";
const former = "repo:Phenom-earth/phenom-chat";

function synthesised(pipeline: NonNullable<EnvironmentData["pipeline"]> = {}) {
  const parsed = parseEnvironment(environment({ pipeline }));
  if ("problems" in parsed) throw new Error(parsed.problems.join("\n"));
  const stack = new PipelineStack(new App({ stackTraces: false }), parsed.environment);
  const resources: Record<string, Record<string, Record<string, unknown>>> = JSON.parse(
    Testing.synth(stack),
  ).resource;
  return resources;
}

describe("the pipeline's stack", () => {
  it.each([
    ["names alone, as GitHub made it for repositories before 2026-07-15", [former]],
    ["the ids of owner and repository", [later]],
    ["both forms while the setting is changed", [former, later]],
  ])("trusts subjects with %s", (_, gitHubSubjects) => {
    const trust = String(synthesised({ gitHubSubjects }).aws_iam_role?.plan_role?.assume_role_policy);
    for (const subject of [former, later])
      expect([subject, trust.includes(`"${subject}:environment:development-plan"`)]).toEqual([
        subject,
        gitHubSubjects.includes(subject),
      ]);
  });

  it("trusts this repository by its names where the environment says nothing", () => {
    expect(JSON.stringify(synthesised().aws_iam_role)).toContain(`${former}:environment:development`);
  });

  it("trusts jobs on main and on release tags alone, so never those of a pull request", () => {
    const { plan_role, deploy_role } = synthesised().aws_iam_role ?? {};
    for (const role of [plan_role, deploy_role])
      expect(String(role?.assume_role_policy)).toContain(
        '"StringLike" = {"token.actions.githubusercontent.com:ref" = ["refs/heads/main"]}',
      );
  });

  it("makes GitHub's identity provider unless the account has it", () => {
    expect(Object.keys(synthesised().aws_iam_openid_connect_provider ?? {})).toHaveLength(1);
    expect(synthesised({ createGitHubProvider: false }).aws_iam_openid_connect_provider).toBeUndefined();
  });

  it("makes the permissions boundary that every role of the chat's stack has", () => {
    const [boundary] = Object.values(synthesised().aws_iam_policy ?? {}).filter(({ name }) =>
      String(name).endsWith("-boundary"),
    );
    const roles = Object.values(new Template(environment()).resources("aws_iam_role"));
    expect(roles.length).toBeGreaterThan(10);
    for (const { name, permissions_boundary } of roles)
      expect([name, String(permissions_boundary).split(":policy/")[1]]).toEqual([name, boundary?.name]);
  });
});
