import { allow, object, type RightsProps, resources, type Statements } from "./resources.ts";

/**
 * Policies of the planning role; the deploying role has them too. Resources are named by the prefixes of this project's
 * names; `*` is used only for reading descriptions.
 */
export interface PlanRights {
  /** Reads the descriptions that a plan compares. */
  readonly read: Statements;
  /** Reads the state and the descriptions of secrets, but no secret's value. */
  readonly readState: Statements;
}

export function planRights(props: RightsProps): PlanRights {
  const { arn, each, roles, secrets, apis } = resources(props);
  const states = [props.state, ...(props.platformState ? [props.platformState] : [])];

  return {
    read: [
      allow(
        "ReadDescriptions",
        [
          "application-autoscaling:Describe*",
          "application-autoscaling:ListTagsForResource",
          "backup:DescribeBackupVault",
          "backup:GetBackup*",
          "backup:List*",
          "budgets:ListTagsForResource",
          "budgets:ViewBudget",
          "cloudwatch:Describe*",
          "cloudwatch:GetDashboard",
          "cloudwatch:ListTagsForResource",
          "cognito-idp:DescribeUserPool*",
          "ec2:Describe*",
          "ecs:Describe*",
          "ecs:List*",
          "elasticache:Describe*",
          "elasticache:ListTagsForResource",
          "elasticfilesystem:Describe*",
          "elasticloadbalancing:Describe*",
          "events:DescribeRule",
          "events:ListTagsForResource",
          "events:ListTargetsByRule",
          "kms:DescribeKey",
          "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus",
          "kms:ListAliases",
          "kms:ListResourceTags",
          "logs:Describe*",
          "logs:ListTagsForResource",
          "rds:DescribeDBInstances",
          "rds:ListTagsForResource",
          "route53:GetHostedZone",
          "route53:ListHostedZonesByName",
          "servicediscovery:Get*",
          "servicediscovery:List*",
          "sns:Get*Attributes",
          "sns:ListSubscriptionsByTopic",
          "sns:ListTagsForResource",
          "tag:GetResources",
        ],
        "*",
      ),
      allow(
        "ReadFunctions",
        ["lambda:GetFunction*", "lambda:GetPolicy", "lambda:ListTags", "lambda:ListVersionsByFunction"],
        each("lambda", "function:"),
      ),
      allow("ReadApis", "apigateway:GET", apis),
      allow(
        "ReadRoles",
        [
          "iam:GetRole",
          "iam:GetRolePolicy",
          "iam:ListAttachedRolePolicies",
          "iam:ListInstanceProfilesForRole",
          "iam:ListRolePolicies",
          "iam:ListRoleTags",
        ],
        roles,
      ),
    ],
    readState: [
      allow("ReadState", "s3:GetObject", states.map(object)),
      allow(
        "ListState",
        "s3:ListBucket",
        [...new Set(states.map(({ bucket }) => `arn:aws:s3:::${bucket}`))],
        // Terraform lists the workspaces of a bucket, below `env:/`, before it uses the default one.
        { StringLike: { "s3:prefix": [...states.map(({ key }) => `${key}*`), "env:/*"] } },
      ),
      allow(
        "DescribeSecrets",
        [
          "secretsmanager:DescribeSecret",
          "secretsmanager:GetResourcePolicy",
          "secretsmanager:ListSecretVersionIds",
        ],
        secrets,
      ),
      // homeserver.yaml, which holds no secret. The values of all others are write-only: no plan reads them.
      allow(
        "ReadHomeserverConfig",
        "secretsmanager:GetSecretValue",
        arn("secretsmanager", `secret:${props.project}-synapse-homeserver-config-*`),
      ),
    ],
  };
}
