import { readFileSync } from "node:fs";
import { beforeAll, expect, it } from "@jest/globals";
import * as z from "zod";
import { development } from "../../../environments/development.ts";
import { parseEnvironment } from "../../../environments/schema.ts";
import { describeWith } from "../../jest/describe-if.ts";
import { type Applied, applied, policiesOf, requestsAbout } from "./applied.ts";
import { applies, isAllowed, type Policies, type Request } from "../../../tools/terraform-offline/iam/evaluator.ts";
import { moreNeeds } from "./more-needs.ts";
import { recordedNeeds } from "./needs.ts";
import { impossible } from "./reference.ts";

const workers = { sync: 1, client: 1, events: 1, streams: 1, media: 1, background: 1 };

/** Arrays and texts in attributes that Terraform keeps as JSON, or as blocks. */
const containers = z.array(
  z.object({
    secrets: z.array(z.object({ valueFrom: z.string() })),
    repositoryCredentials: z.object({ credentialsParameter: z.string() }).optional(),
    environment: z.array(z.object({ name: z.string(), value: z.string() })),
    logConfiguration: z.object({ options: z.record(z.string(), z.string()) }),
  }),
);
const volumes = z.array(
  z.object({
    efs_volume_configuration: z.array(
      z.object({
        file_system_id: z.string(),
        authorization_config: z.array(z.object({ access_point_id: z.string() })),
      }),
    ),
  }),
);

const [secretKey = ""] = z
  .object({ secret_kms_key_arns: z.array(z.string()) })
  .parse(
    JSON.parse(readFileSync("environments/development.example.tfvars.json", "utf8")),
  ).secret_kms_key_arns;

let chat: readonly Applied[];
let deploying: Policies;
let resources: readonly Applied[];
const of = (type: string) => chat.filter((one) => one.type === type).map(({ values }) => values);
const arnOf = (type: string, key: string, value: unknown) =>
  String(of(type).find((values) => values[key] === value)?.arn);

const writeLog = (name: unknown): Request[] =>
  ["logs:CreateLogStream", "logs:PutLogEvents"].map((action) => ({
    action,
    resource: `${arnOf("aws_cloudwatch_log_group", "name", name)}:log-stream:1`,
  }));
/** Reads a secret under the customer managed key of the example's inputs. */
const readSecret = (arn: string): Request[] => [
  { action: "secretsmanager:GetSecretValue", resource: arn },
  {
    action: "kms:Decrypt",
    resource: secretKey,
    context: { "kms:ViaService": "secretsmanager.us-east-1.amazonaws.com" },
  },
];

/** What ECS asks for to start a task, by its definition. */
const asExecutionRole = (definition: Applied["values"]): Request[] =>
  containers
    .parse(JSON.parse(String(definition.container_definitions)))
    .flatMap((container) => [
      ...writeLog(container.logConfiguration.options["awslogs-group"]),
      ...container.secrets.flatMap(({ valueFrom }) => readSecret(valueFrom.split(":").slice(0, 7).join(":"))),
      ...(container.repositoryCredentials
        ? readSecret(container.repositoryCredentials.credentialsParameter)
        : []),
    ]);

/** What a task's code asks for: its file system, and bootstrap the groups of the user pool. */
const asTaskRole = (definition: Applied["values"]): Request[] => [
  ...volumes
    .parse(definition.volume)
    .flatMap(({ efs_volume_configuration }) => efs_volume_configuration)
    .flatMap(({ file_system_id, authorization_config: [access] }) =>
      ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"].map((action) => ({
        action,
        resource: arnOf("aws_efs_file_system", "id", file_system_id),
        context: {
          "elasticfilesystem:AccessPointArn": arnOf("aws_efs_access_point", "id", access?.access_point_id),
        },
      })),
    ),
  ...(String(definition.family).endsWith("-chat-bootstrap")
    ? [{ action: "cognito-idp:ListUsersInGroup", resource: pool() }]
    : []),
];
const pool = () => "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_AbCdEfGhI";

const functions = z.object({
  environment: z.array(z.object({ variables: z.record(z.string(), z.string()) })),
  vpc_config: z.array(z.unknown()),
  logging_config: z.array(z.object({ log_group: z.string() })),
});
/** What a function asks for, and Lambda for its network interfaces. */
function asFunctionRole(values: Applied["values"]): Request[] {
  const { environment, vpc_config, logging_config } = functions.parse(values);
  const secrets = Object.entries(environment[0]?.variables ?? {}).filter(([name]) =>
    /SECRET_ARN$/.test(name),
  );
  const network = vpc_config.length
    ? [
        { action: "ec2:DescribeNetworkInterfaces", resource: "*" },
        { action: "ec2:DescribeSubnets", resource: "*" },
        ...[
          "AssignPrivateIpAddresses",
          "CreateNetworkInterface",
          "DeleteNetworkInterface",
          "UnassignPrivateIpAddresses",
        ].map((name) => ({
          action: `ec2:${name}`,
          resource: "arn:aws:ec2:us-east-1:123456789012:network-interface/eni-1",
        })),
      ]
    : [];
  return [
    ...writeLog(logging_config[0]?.log_group),
    ...secrets.flatMap(([, arn]) => readSecret(arn)),
    ...network,
    ...(String(values.function_name).endsWith("-user-provisioner")
      ? [{ action: "cognito-idp:AdminListGroupsForUser", resource: pool() }]
      : []),
    ...(String(values.function_name).endsWith("-member-sync")
      ? ["ListUsers", "ListUsersInGroup"].map((name) => ({ action: `cognito-idp:${name}`, resource: pool() }))
      : []),
  ];
}

/** What AWS Backup asks for, by its documentation of backups of a file system. */
const asBackupRole = (): Request[] => {
  const [fileSystem, vault] = [of("aws_efs_file_system")[0], of("aws_backup_vault")[0]];
  return [
    ...["Backup", "DescribeFileSystems", "DescribeTags", "Restore"].map((name) => ({
      action: `elasticfilesystem:${name}`,
      resource: String(fileSystem?.arn),
    })),
    ...["CopyIntoBackupVault", "DescribeBackupVault"].map((name) => ({
      action: `backup:${name}`,
      resource: String(vault?.arn),
    })),
    { action: "backup:TagResource", resource: "arn:aws:backup:us-east-1:123456789012:recovery-point:1" },
  ];
};

/** Requests that are made with each role, by its ARN. */
const requestsByRole = (): Map<string, Request[]> => {
  const all: [unknown, Request[]][] = [
    ...of("aws_ecs_task_definition").flatMap((definition): [unknown, Request[]][] => [
      [definition.execution_role_arn, asExecutionRole(definition)],
      [definition.task_role_arn, asTaskRole(definition)],
    ]),
    ...of("aws_lambda_function").map((values): [unknown, Request[]] => [values.role, asFunctionRole(values)]),
    ...of("aws_backup_selection").map((values): [unknown, Request[]] => [
      values.iam_role_arn,
      asBackupRole(),
    ]),
  ];
  const byRole = new Map<string, Request[]>();
  for (const [arn, requests] of all)
    byRole.set(String(arn), [...(byRole.get(String(arn)) ?? []), ...requests]);
  return byRole;
};

/** IAM goes by the target of a scaling policy; Terraform offline makes up another ARN for a subnet group of Redis. */
const byOtherArn = ["aws_appautoscaling_policy", "aws_elasticache_subnet_group"];

const text = ({ action, resource }: Request) => `${action} on ${resource}`;

const parsed = parseEnvironment(development);
if ("problems" in parsed) throw new Error(parsed.problems.join("\n"));
const { environment } = parsed;

describeWith("terraform")("the roles as they are applied", () => {
  beforeAll(async () => {
    const [stack, pipeline] = await Promise.all([
      applied({ ...development, workers }),
      applied(development, "pipeline-development"),
    ]);
    chat = stack;
    resources = [...stack, ...pipeline];
    deploying = policiesOf("arn:aws:iam::123456789012:role/phenom-dev-pipeline-deploy", resources);
  });

  const needs = [
    // One secret's value is read, that of homeserver.yaml: pipeline-roles.test.ts has it.
    ...recordedNeeds(environment, "apply", "second plan", "destroy").filter(
      ({ action }) => action !== "secretsmanager:GetSecretValue",
    ),
    // The recorded stacks had no schedules.
    ...moreNeeds(environment).filter(({ action }) => action.startsWith("events:")),
  ];
  const refused = (resource: Applied) =>
    requestsAbout(resource, needs)
      .filter((need) => !isAllowed(deploying, need))
      .map(text);
  const role = () => {
    const found = chat.find(({ type }) => type === "aws_iam_role");
    if (!found) throw new Error("no role was applied");
    return found;
  };

  it("let the deploying role make, read and destroy every resource under its name and with its tags", () => {
    const withArn = chat.filter(
      ({ type, address, values }) =>
        !address.startsWith("data.") &&
        !byOtherArn.includes(type) &&
        String(values.dashboard_arn ?? values.arn ?? values.id).startsWith("arn:"),
    );
    expect(withArn.length).toBeGreaterThan(100);
    const problems = withArn.flatMap((resource) => {
      const requests = requestsAbout(resource, needs);
      return requests.length
        ? refused(resource)
        : [`${resource.address} is of a kind that no recorded request is about`];
    });
    expect(problems).toEqual([]);
  });

  it.each<[string, (values: Applied["values"]) => Applied["values"]]>([
    ["without the permissions boundary", ({ permissions_boundary: _, ...values }) => values],
    [
      "under another project's name",
      (values) => ({ ...values, arn: "arn:aws:iam::123456789012:role/other-chat" }),
    ],
  ])("stop the deploying role at a role %s", (_, change) => {
    expect(refused(role())).toEqual([]);
    expect(refused({ ...role(), values: change(role().values) }).join()).toContain("iam:CreateRole");
  });

  it("stop the deploying role at a file system without the project's tag", () => {
    const fileSystem = chat.find(({ type }) => type === "aws_efs_file_system");
    if (!fileSystem) throw new Error("no file system was applied");
    const untagged = { ...fileSystem, values: { ...fileSystem.values, tags_all: {} } };
    expect(refused(untagged).join()).toContain("elasticfilesystem:PutFileSystemPolicy");
  });

  it("let every task, function and backup do what it is for", () => {
    const byRole = requestsByRole();
    expect([...byRole.keys()].sort()).toEqual(
      of("aws_iam_role")
        .map(({ arn }) => String(arn))
        .sort(),
    );
    for (const [arn, requests] of byRole) {
      const policies = policiesOf(arn, resources);
      expect(policies.boundary?.length).toBeGreaterThan(0);
      expect([arn, requests.filter((request) => !isAllowed(policies, request)).map(text)]).toEqual([arn, []]);
    }
  });

  it("give no task, function or backup a right that it doesn't use", () => {
    const unused = [...requestsByRole()].flatMap(([arn, requests]) =>
      policiesOf(arn, resources)
        .statements.filter(({ Effect }) => Effect === "Allow")
        .flatMap((statement) =>
          [statement.Action]
            .flat()
            .filter((Action) => !requests.some((request) => applies({ ...statement, Action }, request)))
            .map((action) => `${arn}: ${statement.Sid}: ${action}`),
        ),
    );
    expect(unused).toEqual([]);
  });

  it("consist of actions that exist, on resources and under conditions that they take", () => {
    const all = [...requestsByRole().keys()].flatMap((arn) => policiesOf(arn, resources).statements);
    expect([...new Set(all.flatMap(impossible))]).toEqual([]);
  });

  it("keep a function's code away from the network, which is Lambda's", () => {
    const fn = of("aws_lambda_function").find(
      (values) => z.array(z.unknown()).parse(values.vpc_config).length,
    );
    const asked = {
      action: "ec2:DescribeSubnets",
      resource: "*",
      context: { "lambda:SourceFunctionArn": String(fn?.arn) },
    };
    expect(isAllowed(policiesOf(String(fn?.role), resources), asked)).toBe(false);
  });
});
