import { describe, expect, it } from "@jest/globals";
import type { PolicyStatement } from "../../constructs/iam-policy.ts";
import { environments } from "../../environments/index.ts";
import { production } from "../../environments/production.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { Template } from "../chat/template.ts";
import { deployRights } from "./deploy-rights.ts";
import { planRights } from "./plan-rights.ts";

const ACCOUNT = "123456789012";
/** Characters that IAM allows in a managed policy, white space not counted. */
const POLICY_LIMIT = 6144;

const list = (value: string | readonly string[] | undefined) => [value ?? []].flat();
const matches = (pattern: string, text: string) => {
  const literal = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`).test(text);
};

/** Whether a statement allows an action on a resource, its conditions taken as met. */
const allows =
  (action: string, resource: string) =>
  ({ Action, Resource }: PolicyStatement) =>
    list(Action).some((pattern) => matches(pattern, action)) &&
    list(Resource).some((pattern) => matches(pattern, resource));

interface Target {
  /** What making it takes. */
  readonly action: string;
  /** Its ARN, by its name where IAM goes by names. */
  arn(name: string): string;
}

const regional = (service: string, resource: string) => `arn:aws:${service}:us-east-1:${ACCOUNT}:${resource}`;
const target = (action: string, arn: Target["arn"] = () => "*"): Target => ({ action, arn });
const securityGroup = () => regional("ec2", "security-group/sg-1");
const api = () => "arn:aws:apigateway:us-east-1::/apis/a/routes";
const fileSystem = () => regional("elasticfilesystem", "file-system/fs-1");

/** Every type of resource that the stacks may have. */
const targets: Readonly<Record<string, Target>> = {
  aws_apigatewayv2_api: target("apigateway:POST", () => "arn:aws:apigateway:us-east-1::/apis"),
  aws_apigatewayv2_integration: target("apigateway:POST", api),
  aws_apigatewayv2_route: target("apigateway:POST", api),
  aws_apigatewayv2_stage: target("apigateway:POST", api),
  aws_appautoscaling_policy: target("application-autoscaling:PutScalingPolicy", () =>
    regional("application-autoscaling", "scalable-target/1"),
  ),
  aws_appautoscaling_target: target("application-autoscaling:RegisterScalableTarget", () =>
    regional("application-autoscaling", "scalable-target/1"),
  ),
  aws_backup_plan: target("backup:CreateBackupPlan", () => regional("backup", "backup-plan:1")),
  aws_backup_selection: target("backup:CreateBackupSelection", () => regional("backup", "backup-plan:1")),
  aws_backup_vault: target("backup:CreateBackupVault", (name) => regional("backup", `backup-vault:${name}`)),
  aws_cloudwatch_dashboard: target(
    "cloudwatch:PutDashboard",
    (name) => `arn:aws:cloudwatch::${ACCOUNT}:dashboard/${name}`,
  ),
  aws_cloudwatch_log_group: target("logs:CreateLogGroup", (name) => regional("logs", `log-group:${name}`)),
  aws_cloudwatch_log_metric_filter: target("logs:PutMetricFilter", () =>
    regional("logs", "log-group:/ecs/phenom-dev-synapse"),
  ),
  aws_cloudwatch_metric_alarm: target("cloudwatch:PutMetricAlarm", (name) =>
    regional("cloudwatch", `alarm:${name}`),
  ),
  aws_cognito_user_pool_client: target("cognito-idp:CreateUserPoolClient", () =>
    regional("cognito-idp", "userpool/us-east-1_A"),
  ),
  aws_ecs_service: target("ecs:CreateService", (name) => regional("ecs", `service/cluster/${name}`)),
  aws_ecs_task_definition: target("ecs:RegisterTaskDefinition"),
  aws_efs_access_point: target("elasticfilesystem:CreateAccessPoint", fileSystem),
  aws_efs_file_system: target("elasticfilesystem:CreateFileSystem"),
  aws_efs_file_system_policy: target("elasticfilesystem:PutFileSystemPolicy", fileSystem),
  aws_efs_mount_target: target("elasticfilesystem:CreateMountTarget", fileSystem),
  aws_elasticache_replication_group: target("elasticache:CreateReplicationGroup", (name) =>
    regional("elasticache", `replicationgroup:${name}`),
  ),
  aws_elasticache_subnet_group: target("elasticache:CreateCacheSubnetGroup", (name) =>
    regional("elasticache", `subnetgroup:${name}`),
  ),
  aws_iam_role: target("iam:CreateRole", (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`),
  aws_iam_role_policy: target("iam:PutRolePolicy", () => `arn:aws:iam::${ACCOUNT}:role/phenom-dev-chat-x`),
  aws_kms_alias: target("kms:CreateAlias", (name) => regional("kms", name)),
  aws_kms_key: target("kms:CreateKey"),
  aws_lambda_function: target("lambda:CreateFunction", (name) => regional("lambda", `function:${name}`)),
  aws_lambda_permission: target("lambda:AddPermission", () =>
    regional("lambda", "function:phenom-dev-link-preview"),
  ),
  aws_lb_listener_rule: target("elasticloadbalancing:CreateRule", () =>
    regional("elasticloadbalancing", "listener/app/phenom-dev-alb/1/2"),
  ),
  aws_lb_target_group: target("elasticloadbalancing:CreateTargetGroup", (name) =>
    regional("elasticloadbalancing", `targetgroup/${name}/1`),
  ),
  aws_secretsmanager_secret: target("secretsmanager:CreateSecret", (name) =>
    regional("secretsmanager", `secret:${name}-AbCdEf`),
  ),
  aws_secretsmanager_secret_version: target("secretsmanager:PutSecretValue", () =>
    regional("secretsmanager", "secret:phenom-dev-development-chat-clients-AbCdEf"),
  ),
  aws_security_group: target("ec2:CreateSecurityGroup", securityGroup),
  aws_service_discovery_private_dns_namespace: target("servicediscovery:CreatePrivateDnsNamespace"),
  aws_service_discovery_service: target("servicediscovery:CreateService"),
  aws_sns_topic: target("sns:CreateTopic", (name) => regional("sns", name)),
  aws_sns_topic_policy: target("sns:SetTopicAttributes", () => regional("sns", "phenom-dev-alarms")),
  aws_sns_topic_subscription: target("sns:Subscribe", () => regional("sns", "phenom-dev-alarms")),
  aws_vpc_security_group_egress_rule: target("ec2:AuthorizeSecurityGroupEgress", securityGroup),
  aws_vpc_security_group_ingress_rule: target("ec2:AuthorizeSecurityGroupIngress", securityGroup),
};

/** The property that holds the name, by which IAM goes. */
const nameOf = (body: Readonly<Record<string, unknown>>) => {
  const keys = ["name", "function_name", "alarm_name", "dashboard_name", "replication_group_id"];
  return String(keys.map((key) => body[key]).find((value) => value !== undefined));
};

const of = ({
  project,
  environment,
  region,
  production,
  state,
  inputs,
  pipeline,
}: (typeof environments)[number]) => {
  const platformState = inputs.from === "remote-state" ? inputs : undefined;
  const props = {
    project,
    environment,
    region,
    accountId: ACCOUNT,
    production,
    platformSecrets: [...(pipeline?.platformSecrets ?? [])],
    state,
    platformState,
  };
  return { ...planRights(props), ...deployRights(props) };
};

/** What is deployed, and what an environment may grow into. */
const grown: typeof environments = [
  ...environments,
  { ...production, workers: { sync: 1, client: 1, events: 1, streams: 1, media: 1, background: 1 } },
];

describe.each(grown)("the deploying role of $environment", (data) => {
  const all = Object.values(of(data)).flat();
  const template = new Template(data);
  const types = Object.entries(template.json.resource ?? {}).filter(([type]) => type.startsWith("aws_"));

  it.each(types)("may make every %s of the stack", (type, byName) => {
    const known = targets[type];
    if (!known)
      throw new Error(
        `${type} is new: give the pipeline its rights in stacks/pipeline/deploy-rights.ts, and say here which`,
      );
    for (const body of Object.values(byName)) {
      const resource = known.arn(nameOf(body)).replace("phenom-dev", data.project);
      const own = resource.replace("-development-", `-${data.environment}-`);
      expect([`${known.action} on ${own}`, all.some(allows(known.action, own))]).toEqual([
        `${known.action} on ${own}`,
        true,
      ]);
    }
  });

  it("may change neither the pipeline's own roles and policies nor those of others", () => {
    for (const name of ["pipeline-plan", "pipeline-deploy", "hasura", "anything"])
      for (const action of [
        "iam:PutRolePolicy",
        "iam:UpdateAssumeRolePolicy",
        "iam:DeleteRole",
        "iam:PassRole",
      ])
        expect(all.some(allows(action, `arn:aws:iam::${ACCOUNT}:role/${data.project}-${name}`))).toBe(false);
    for (const action of [
      "iam:CreatePolicyVersion",
      "iam:AttachRolePolicy",
      "iam:CreateUser",
      "iam:CreateAccessKey",
    ])
      expect([action, all.some(allows(action, `arn:aws:iam::${ACCOUNT}:policy/x`))]).toEqual([action, false]);
  });

  it("makes no role without the permissions boundary, and takes it from none", () => {
    const rights = all
      .filter(({ Sid }) => Sid !== "RolesWithinBoundary")
      .flatMap(({ Action }) => list(Action));
    for (const action of [
      "iam:CreateRole",
      "iam:PutRolePolicy",
      "iam:PutRolePermissionsBoundary",
      "iam:UpdateAssumeRolePolicy",
      "iam:DeleteRolePermissionsBoundary",
      "iam:AttachRolePolicy",
    ])
      expect([action, rights.includes(action)]).toEqual([action, false]);
  });

  it("may neither read nor write another environment's state and secrets", () => {
    const other = environments.find(({ project }) => project !== data.project);
    const foreign = [
      `arn:aws:s3:::${other?.state.bucket}/${other?.state.key}`,
      regional("secretsmanager", `secret:${other?.project}-${other?.environment}-chat-clients-AbCdEf`),
    ];
    for (const resource of foreign)
      for (const action of ["s3:GetObject", "s3:PutObject", "secretsmanager:GetSecretValue"])
        expect([`${action} ${resource}`, all.some(allows(action, resource))]).toEqual([
          `${action} ${resource}`,
          false,
        ]);
  });

  it("may run the one-shot tasks of this project and no others", () => {
    const task = (family: string) => regional("ecs", `task-definition/${data.project}-${family}:7`);
    expect(all.some(allows("ecs:RunTask", task("chat-migration")))).toBe(true);
    expect(all.some(allows("ecs:RunTask", task("synapse-db-setup")))).toBe(true);
    expect(all.some(allows("ecs:RunTask", task("graphql")))).toBe(false);
  });
});

describe.each(environments)("the rights of the pipeline in $environment", (data) => {
  const policies = of(data);

  it("name every writing action, and its resource wherever IAM takes one", () => {
    const { read, ...writing } = policies;
    const everywhere = Object.values(writing)
      .flat()
      .filter(({ Resource, Condition }) => list(Resource).includes("*") && !Condition)
      .flatMap(({ Action }) => list(Action));
    expect(everywhere).toEqual([
      "ecs:RegisterTaskDefinition",
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
      "sns:SetSubscriptionAttributes",
      "sns:Unsubscribe",
      "servicediscovery:UntagResource",
      "route53:CreateHostedZone",
      "backup-storage:MountCapsule",
    ]);
    for (const { Action } of Object.values(writing).flat())
      for (const action of list(Action)) expect(action).not.toContain("*");
    for (const action of read.flatMap(({ Action }) => list(Action)))
      expect(action).toMatch(/:(?:Describe|Get|List|GET$)/);
  });

  it("let the planning role change nothing", () => {
    const actions = [...policies.read, ...policies.readState].flatMap(({ Action }) => list(Action));
    for (const action of actions) expect(action).toMatch(/:(?:Describe|Get|List|GET$)/);
  });

  it("fit into IAM's policy size, with unique statement ids", () => {
    for (const [name, statements] of Object.entries<readonly PolicyStatement[]>({ ...policies })) {
      withMessage(name, () =>
        expect(JSON.stringify({ Version: "2012-10-17", Statement: statements }).length).toBeLessThan(
          POLICY_LIMIT,
        ),
      );
      const sids = statements.map(({ Sid }) => Sid);
      expect(new Set(sids).size).toBe(sids.length);
      for (const sid of sids) expect(sid).toMatch(/^[A-Za-z0-9]+$/);
    }
  });
});
