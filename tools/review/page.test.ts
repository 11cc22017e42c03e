import { describe, expect, it } from "@jest/globals";
import { type PlannedResource, planJson, release } from "../../test/review-plans.ts";
import { costChanges, sumOf } from "../terraform/cost.ts";
import { dependenciesOf, dependents } from "../terraform/dependencies.ts";
import { parsePlan } from "../terraform/plan.ts";
import { readPlan } from "../terraform/plan-json.ts";
import { page } from "./page.ts";
import { kindOf, sentence } from "./summary.ts";

const said = (resources: readonly PlannedResource[], more: object = {}) =>
  sentence(parsePlan(planJson(resources, more), "plan"));
const shown = (resources: readonly PlannedResource[], more: object = {}) =>
  page(planJson(resources, more), "plan", "development");
const cost = (resources: readonly PlannedResource[]) => {
  const plan = readPlan(planJson(resources), "plan");
  return costChanges(plan, dependenciesOf(plan));
};

const alarm = {
  address: "aws_cloudwatch_metric_alarm.a",
  actions: ["create"],
  after: { alarm_name: "a" },
} as const;
const disk = {
  address: "aws_efs_file_system.media",
  actions: ["delete", "create"],
  before: { creation_token: "a" },
  after: { creation_token: "b" },
  change: { replace_paths: [["creation_token"]] },
} as const;

describe("the sentence", () => {
  it.each<{ expected: string; resources: readonly PlannedResource[]; more?: object }>([
    { expected: "Changes nothing.", resources: [] },
    {
      expected: "Changes 1 output and no resource.",
      resources: [],
      more: { output_changes: { a: { actions: ["update"], before: 1, after: 2 } } },
    },
    { expected: "Creates 1 resource and touches none that exists.", resources: [alarm] },
    {
      expected: "Changes 1 resource, revises 1 resource and restarts the service mcp; nothing is destroyed.",
      resources: release,
    },
    {
      expected: "Destroys 1 resource and creates 1 resource.",
      resources: [alarm, { address: "aws_iam_role.r", actions: ["delete"], before: {} }],
    },
    { expected: "Loses for good what is in aws_efs_file_system.media.", resources: [disk] },
  ])("is: $expected", ({ expected, resources, more }) => {
    expect(said(resources, more)).toBe(expected);
  });

  it("names three of many losses", () => {
    const secrets = ["a", "b", "c", "d", "e"].map(
      (name): PlannedResource => ({
        address: `aws_secretsmanager_secret.${name}`,
        actions: ["delete"],
        before: {},
      }),
    );
    expect(said(secrets)).toMatch(
      /secret\.a, aws_secretsmanager_secret\.b, aws_secretsmanager_secret\.c and 2 more\.$/,
    );
  });
});

describe("a version of a secret", () => {
  const version = (before: object) =>
    parsePlan(
      planJson([
        { address: "aws_secretsmanager_secret_version.v", actions: ["create", "delete"], before, after: {} },
      ]),
      "plan",
    ).resources.map(kindOf);

  it("is lost where its value was generated", () => {
    expect(version({ secret_string: null, secret_string_wo_version: 1 })).toEqual(["lost"]);
  });

  it("is revised where its value comes from the configuration", () => {
    expect(version({ secret_string: "server_name: a" })).toEqual(["revised"]);
  });
});

describe("dependencies", () => {
  it("are the resources that another refers to, by attribute, index or depends_on", () => {
    const plan = readPlan(
      planJson([alarm], {
        configuration: {
          root_module: {
            resources: [
              { address: "aws_a.one" },
              {
                address: "aws_a.two",
                expressions: { deep: [{ list: [{ references: ["aws_a.one[0].arn", "var.x"] }] }] },
              },
              { address: "aws_a.three", depends_on: ["aws_a.two"] },
            ],
          },
        },
      }),
      "plan",
    );
    const dependencies = dependenciesOf(plan);
    expect(dependents(dependencies, new Set(["aws_a.one"]))).toEqual(["aws_a.two"]);
    expect(dependents(dependencies, new Set(["aws_a.two"]))).toEqual(["aws_a.three"]);
  });
});

describe("standing costs", () => {
  it("of a service are its tasks' CPU and memory for 730 hours a month", () => {
    const more = release.map((each) =>
      each.address === "aws_ecs_service.mcp" ? { ...each, after: { name: "mcp", desired_count: 3 } } : each,
    );
    const task = 730 * (0.25 * 0.04048 + 0.5 * 0.004445);
    expect(sumOf(cost(more))).toBeCloseTo(task, 6);
    expect([...cost(more).keys()]).toEqual(["aws_ecs_service.mcp"]);
  });

  it("are zero for what is paid by use, and fall with what is destroyed", () => {
    expect(cost([{ address: "aws_lambda_function.f", actions: ["create"], after: {} }]).size).toBe(0);
    const secret = { address: "aws_secretsmanager_secret.s", actions: ["delete"], before: {} } as const;
    expect(sumOf(cost([secret]))).toBeCloseTo(-0.4, 6);
    expect(shown([secret])).toContain("−$0.40");
  });
});

describe("the page", () => {
  it("says what is lost before anything else", () => {
    const html = shown([alarm, disk]);
    expect(html).toContain("<code>aws_efs_file_system.media</code>: all its files");
    expect(html.indexOf("Lost for good")).toBeLessThan(html.indexOf("<h2>Changes"));
    expect(html.indexOf('data-kind="lost"')).toBeLessThan(html.indexOf('data-kind="created"'));
  });

  it("compares container definitions value by value", () => {
    expect(shown(release)).toContain(
      '<span class="change">! container_definitions.mcp.image = &#34;mcp:1&#34; → &#34;mcp:2&#34;</span>',
    );
  });

  it("names failed checks, drift and outputs with their reasons", () => {
    const html = shown(release, {
      checks: [
        {
          address: { kind: "check", to_display: "check.backups" },
          status: "fail",
          instances: [{ problems: [{ message: "no <backups>" }] }],
        },
      ],
      resource_drift: [
        {
          address: "aws_sns_topic.t",
          mode: "managed",
          change: { actions: ["update"], before: { name: "a" }, after: { name: "b" } },
        },
      ],
      output_changes: { address: { actions: ["create"], before: null, after: "https://a.example" } },
    });
    expect(html).toContain("<code>check.backups</code> fails: no &#60;backups&#62;");
    expect(html).toContain("Changed outside of Terraform");
    expect(html).toContain("https://a.example");
  });

  it("holds no value that Terraform marks as sensitive", () => {
    const html = shown([
      {
        address: "aws_cognito_user_pool_client.c",
        actions: ["update"],
        before: { client_secret: "hunter2-before" },
        after: { client_secret: "hunter2-after" },
        change: { before_sensitive: { client_secret: true }, after_sensitive: { client_secret: true } },
      },
    ]);
    expect(html).not.toContain("hunter2");
    expect(html).toContain("(sensitive)");
  });

  it("loads nothing and runs no script but its own, whatever the plan says", () => {
    const html = shown([
      {
        address: "aws_sns_topic.t",
        actions: ["update"],
        before: { name: "a" },
        after: { name: '</pre><script>alert(1)</script><img src="https://evil.example/x">' },
      },
    ]);
    expect(html.match(/<script>/g)).toHaveLength(1);
    expect(html).not.toContain("<img");
    expect(html).toContain("default-src 'none'");
  });

  it("refuses what is no plan", () => {
    expect(() => page("{}", "plan.json", "development")).toThrow("plan.json is not a plan");
  });
});
