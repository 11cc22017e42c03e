import { describe, expect, it } from "@jest/globals";
import { development } from "../../../environments/development.ts";
import { pipelineRoles } from "../../../test/security/iam/roles.ts";
import type { Values } from "../plugin/value.ts";
import type { Context } from "../providers/provider.ts";
import { newRunState } from "../run-state.ts";
import { authorize } from "./authorize.ts";
import { type Operation, rights } from "./rights.ts";
import type { Example } from "./role.ts";

const { toDeploy, deployNeeds } = pipelineRoles(development);
const examples = new Map<string, Example[]>();
for (const { action, resource, context = {} } of deployNeeds)
  examples.set(action, [...(examples.get(action) ?? []), { action, resource, context }]);

/** The deploying role without a right. */
const contextWithout = (right?: string): Context => ({
  run: {
    ...newRunState("."),
    role: {
      name: "phenom-dev-pipeline-deploy",
      statements: toDeploy.map((statement) => ({
        ...statement,
        Action: [statement.Action].flat().filter((action) => action !== right),
      })),
      examples,
    },
  },
  providerConfig: { region: "us-east-1" },
});

const tags = { Project: "phenom-dev", Environment: "development" };
const key: Values = {
  id: "1",
  arn: "arn:aws:kms:us-east-1:123456789012:key/1",
  tags_all: tags,
};
const role: Values = {
  id: "phenom-dev-chat-mcp-task",
  arn: "arn:aws:iam::123456789012:role/phenom-dev-chat-mcp-task",
  permissions_boundary: "arn:aws:iam::123456789012:policy/phenom-dev-pipeline-boundary",
  tags_all: tags,
};
const fileSystem: Values = {
  id: "fs-1",
  arn: "arn:aws:elasticfilesystem:us-east-1:123456789012:file-system/fs-1",
  tags_all: tags,
};
const vault: Values = {
  arn: "arn:aws:backup:us-east-1:123456789012:backup-vault:phenom-dev-synapse-media",
  tags_all: tags,
};

const asks = (operation: Operation, type: string, values: Values, context: Context) => () =>
  authorize(operation, type, values, context);

describe("Terraform offline with a role", () => {
  it.each<[Operation, string, Values, string]>([
    ["create", "aws_kms_key", key, "kms:PutKeyPolicy"],
    ["create", "aws_kms_key", key, "kms:TagResource"],
    ["create", "aws_iam_role", role, "iam:CreateRole"],
    ["create", "aws_efs_file_system", fileSystem, "iam:CreateServiceLinkedRole"],
    ["create", "aws_backup_vault", vault, "kms:CreateGrant"],
    ["delete", "aws_backup_vault", { ...vault, force_destroy: true }, "backup:DeleteRecoveryPoint"],
    [
      "create",
      "aws_efs_mount_target",
      { file_system_arn: fileSystem.arn ?? null },
      "ec2:CreateNetworkInterface",
    ],
    ["update", "aws_lambda_function", {}, "lambda:UpdateFunctionCode"],
    ["create", "aws_appautoscaling_policy", { resource_id: "service/c/s" }, "cloudwatch:PutMetricAlarm"],
    [
      "read",
      "aws_secretsmanager_secret_version",
      { secret_string_wo_version: 1 },
      "secretsmanager:ListSecretVersionIds",
    ],
  ])("may %s %s, and not without the right %4$s", (operation, type, values, right) => {
    expect(asks(operation, type, values, contextWithout())).not.toThrow();
    expect(asks(operation, type, values, contextWithout(right))).toThrow(`${type}: AccessDenied`);
  });

  it.each<[string, Operation, string, Values]>([
    [
      "a role without the permissions boundary",
      "create",
      "aws_iam_role",
      { ...role, permissions_boundary: "" },
    ],
    [
      "a role under another project's name",
      "create",
      "aws_iam_role",
      { ...role, arn: "arn:aws:iam::123456789012:role/other-chat" },
    ],
    ["a key without the project's tag", "create", "aws_kms_key", { ...key, tags_all: {} }],
    [
      "a file system with another project's tag",
      "delete",
      "aws_efs_file_system",
      { ...fileSystem, tags_all: { Project: "other" } },
    ],
  ])("refuses %s", (_, operation, type, values) =>
    expect(asks(operation, type, values, contextWithout())).toThrow(`${type}: AccessDenied`));

  it("asks about what a resource belongs to by the tags that this has", () => {
    const context = contextWithout();
    const mountTarget = { file_system_arn: fileSystem.arn ?? null, subnet_id: "subnet-1" };
    context.run.described.set(String(fileSystem.arn), fileSystem);
    expect(asks("delete", "aws_efs_mount_target", mountTarget, context)).not.toThrow();
    context.run.described.set(String(fileSystem.arn), { ...fileSystem, tags_all: {} });
    expect(asks("delete", "aws_efs_mount_target", mountTarget, context)).toThrow("AccessDenied");
  });

  it("refuses a type whose rights are not known, instead of letting it pass", () => {
    expect(asks("create", "aws_sqs_queue", {}, contextWithout())).toThrow(
      "aws_sqs_queue: its rights are not known",
    );
  });

  it("knows an example of a request for every right of every type", () => {
    const actions = Object.values(rights).flatMap(({ create, read, update, delete: remove }) =>
      [create, read, update, remove].flatMap((of) =>
        typeof of === "function"
          ? [...of({ force_destroy: true, secret_string_wo_version: 1 }), ...of({})]
          : of,
      ),
    );
    expect([...new Set(actions)].filter((action) => !examples.has(action))).toEqual([]);
  });
});
