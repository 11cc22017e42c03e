import { beforeAll, expect, it } from "@jest/globals";
import * as z from "zod";
import example from "../../../environments/production.example.remote.json" with { type: "json" };
import { production } from "../../../environments/production.ts";
import { applies, isAllowed, type Request } from "../../../tools/terraform-offline/iam/evaluator.ts";
import { describeWith } from "../../jest/describe-if.ts";
import type { Run } from "../../terraform/offline.ts";
import { passed } from "../../terraform/passed.ts";
import { type Applied, applied, policiesOf } from "./applied.ts";
import { impossible } from "./reference.ts";

const workers = { sync: 2, client: 1, events: 1, streams: 1, media: 1, background: 1 };
const federation = { domains: ["matrix.org"] };

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

const [secretKey = ""] = example.platform.secret_kms_key_arns;
const trust = z.object({
  Statement: z.tuple([z.object({ Action: z.string(), Condition: z.unknown() })]),
});

let run: Run;
let pipeline: { readonly run: Run; readonly resources: readonly Applied[] };
let chat: readonly Applied[];
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
    ...(String(values.function_name).endsWith("-synapse-members")
      ? [{ action: "cognito-idp:ListUsersInGroup", resource: pool() }]
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

const text = ({ action, resource }: Request) => `${action} on ${resource}`;

// The deploying role is enforced while the stack is applied.
describeWith("terraform")("the roles as they are applied", () => {
  beforeAll(async () => {
    const [stack, roles] = await Promise.all([
      applied({ ...production, workers, federation }),
      applied(production, "pipeline-production"),
    ]);
    pipeline = roles;
    run = stack.run;
    chat = stack.resources;
    resources = [...chat, ...pipeline.resources];
  });

  it("are those of production with every kind of worker and federation, which leaves nothing to do and is destroyed", () => {
    expect(passed(run).output).toMatch(/ok {4}plan again .* No changes\./);
    expect(run.output).toMatch(/ok {4}destroy /);
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

  it("of the pipeline may be assumed by the jobs of one GitHub environment each", () => {
    expect(pipeline.run.warnings).toEqual([]);
    const conditions = pipeline.resources
      .filter(({ type }) => type === "aws_iam_role")
      .map(({ values }) => {
        const [statement] = trust.parse(JSON.parse(String(values.assume_role_policy))).Statement;
        expect(statement.Action).toBe("sts:AssumeRoleWithWebIdentity");
        return [String(values.name), statement.Condition];
      });
    const issuer = "token.actions.githubusercontent.com";
    const only = (environment: string, refs: readonly string[]) => ({
      StringEquals: {
        [`${issuer}:aud`]: "sts.amazonaws.com",
        [`${issuer}:sub`]: [`repo:Phenom-earth/phenom-chat:environment:${environment}`],
      },
      StringLike: { [`${issuer}:ref`]: refs },
    });
    expect(Object.fromEntries(conditions)).toEqual({
      [`${production.project}-pipeline-plan`]: only("production-plan", ["refs/heads/main", "refs/tags/v*"]),
      [`${production.project}-pipeline-deploy`]: only("production", ["refs/tags/v*"]),
    });
  });
});
