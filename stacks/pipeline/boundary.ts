import { allow, type RightsProps, resources, type Statements } from "./resources.ts";

/** ARN of the permissions boundary of an environment's roles. */
export const boundaryArn = ({ project, accountId }: Pick<RightsProps, "project" | "accountId">) =>
  `arn:aws:iam::${accountId}:policy/${boundaryName(project)}`;

export const boundaryName = (project: string) => `${project}-pipeline-boundary`;

/**
 * Permissions boundary: the most that a role of a task, a function or a service may do, whatever its policies say. The
 * deploying role can only make roles that have it, so it can't give anybody more than this, itself included.
 */
export function boundary(props: RightsProps): Statements {
  const { project, region, platformSecrets } = props;
  const { arn, logGroups } = resources(props);
  const secrets = [`${project}-*`, "rds!*", ...platformSecrets];
  return [
    allow(
      "WriteLogs",
      ["logs:CreateLogStream", "logs:PutLogEvents"],
      logGroups.map((group) => `${group}:*`),
    ),
    allow(
      "ReadSecrets",
      "secretsmanager:GetSecretValue",
      secrets.map((name) => arn("secretsmanager", `secret:${name}`)),
    ),
    allow("DecryptSecrets", "kms:Decrypt", arn("kms", "key/*"), {
      StringEquals: { "kms:ViaService": `secretsmanager.${region}.amazonaws.com` },
    }),
    allow(
      "ReadGroups",
      ["cognito-idp:AdminListGroupsForUser", "cognito-idp:ListUsers", "cognito-idp:ListUsersInGroup"],
      arn("cognito-idp", "userpool/*"),
    ),
    allow(
      "MountAndBackUpMedia",
      [
        "elasticfilesystem:Backup",
        "elasticfilesystem:ClientMount",
        "elasticfilesystem:ClientWrite",
        "elasticfilesystem:DescribeFileSystems",
        "elasticfilesystem:DescribeTags",
        "elasticfilesystem:Restore",
      ],
      arn("elasticfilesystem", "file-system/*"),
    ),
    allow(
      "KeepBackups",
      ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"],
      arn("backup", `backup-vault:${project}-*`),
    ),
    allow("TagBackups", "backup:TagResource", arn("backup", "recovery-point:*")),
    allow("DescribeNetwork", ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"], "*"),
    allow(
      "NetworkInterfacesOfFunctions",
      [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
      ],
      arn("ec2", "*/*"),
    ),
  ];
}
