import type { PolicyStatement } from "../constructs/iam-policy.ts";

export interface RightsProps {
  readonly project: string;
  readonly environment: string;
  readonly region: string;
  /** Twelve digits, or a reference to them. */
  readonly accountId: string;
  readonly state: { readonly bucket: string; readonly key: string };
  /** The platform's state, where inputs come from it. */
  readonly platformState: { readonly bucket: string; readonly key: string } | undefined;
}

type Statements = readonly PolicyStatement[];

/**
 * What the roles of the pipeline may do, as one policy each. Resources are named by the beginnings of the names that
 * this project gives; `*` stands only where IAM takes no narrower resource, or for reading descriptions.
 */
export interface Rights {
  /** Reads descriptions: what a plan compares. */
  readonly read: Statements;
  /** Reads the state, and the secrets that a plan compares. */
  readonly readState: Statements;
  readonly writeState: Statements;
  /** Services, tasks, functions, the load balancer's rules, logs. */
  readonly compute: Statements;
  /** Roles, secrets, Cognito clients, alarms. */
  readonly identity: Statements;
  /** Security groups, file systems, names, APIs. */
  readonly network: Statements;
}

const allow = (
  Sid: string,
  Action: PolicyStatement["Action"],
  Resource: PolicyStatement["Resource"] & (string | readonly string[]),
  Condition?: PolicyStatement["Condition"],
): PolicyStatement => ({ Sid, Effect: "Allow", Action, Resource, ...(Condition && { Condition }) });

export function rights(props: RightsProps): Rights {
  const { project, environment, region, accountId, state, platformState } = props;
  const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${accountId}:${resource}`;
  /** What the names of roles, services, task families, functions and log groups begin with. */
  const ours = ["chat-*", "synapse*", "link-preview*"].map((rest) => `${project}-${rest}`);
  const each = (service: string, prefix: string) => ours.map((name) => arn(service, `${prefix}${name}`));

  // Every resource gets this tag from the provider's defaults.
  const tagged = { StringEquals: { "aws:ResourceTag/Project": project } };
  const taggedOnCreation = { StringEquals: { "aws:RequestTag/Project": project } };
  const roles = ours.map((name) => `arn:aws:iam::${accountId}:role/${name}`);
  const secrets = [`${project}-${environment}-chat-*`, `${project}-synapse-*`].map((name) =>
    arn("secretsmanager", `secret:${name}`),
  );
  const logGroups = ["/ecs/", "/aws/lambda/", "/aws/apigateway/"].flatMap((folder) =>
    each("logs", `log-group:${folder}`),
  );
  const securityGroups = [arn("ec2", "security-group/*"), arn("ec2", "security-group-rule/*")];
  const object = ({ bucket, key }: { bucket: string; key: string }) => `arn:aws:s3:::${bucket}/${key}`;
  const states = [state, ...(platformState ? [platformState] : [])];

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
          "elasticfilesystem:ListTagsForResource",
          "elasticloadbalancing:Describe*",
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
        ],
        "*",
      ),
      allow(
        "ReadFunctions",
        ["lambda:GetFunction*", "lambda:GetPolicy", "lambda:ListTags", "lambda:ListVersionsByFunction"],
        each("lambda", "function:"),
      ),
      allow("ReadApis", "apigateway:GET", [
        `arn:aws:apigateway:${region}::/apis`,
        `arn:aws:apigateway:${region}::/apis/*`,
        `arn:aws:apigateway:${region}::/tags/*`,
      ]),
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
        { StringLike: { "s3:prefix": states.map(({ key }) => `${key}*`) } },
      ),
      allow(
        "ReadSecrets",
        [
          "secretsmanager:DescribeSecret",
          "secretsmanager:GetResourcePolicy",
          "secretsmanager:GetSecretValue",
        ],
        secrets,
      ),
    ],
    writeState: [
      allow("WriteState", "s3:PutObject", object(state)),
      allow("LockState", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], `${object(state)}.tflock`),
      allow(
        "SignInAsAgent",
        "secretsmanager:GetSecretValue",
        arn("secretsmanager", `secret:${project}-chat-agent-*`),
      ),
    ],
    compute: [
      // IAM knows no resource for these two; what a definition may do is decided by the roles that are passed.
      allow("TaskDefinitions", ["ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"], "*"),
      allow(
        "Services",
        [
          "ecs:CreateService",
          "ecs:UpdateService",
          "ecs:DeleteService",
          "ecs:TagResource",
          "ecs:UntagResource",
        ],
        [...each("ecs", "service/*/"), ...each("ecs", "task-definition/")],
      ),
      allow("OneShotTasks", "ecs:RunTask", each("ecs", "task-definition/")),
      allow("TagOneShotTasks", "ecs:TagResource", arn("ecs", "task/*"), {
        StringEquals: { "ecs:CreateAction": "RunTask" },
      }),
      allow("PassRoles", "iam:PassRole", roles, {
        StringEquals: {
          "iam:PassedToService": ["ecs-tasks.amazonaws.com", "lambda.amazonaws.com", "backup.amazonaws.com"],
        },
      }),
      allow(
        "Functions",
        [
          "lambda:AddPermission",
          "lambda:CreateFunction",
          "lambda:DeleteFunction",
          "lambda:DeleteFunctionConcurrency",
          "lambda:PutFunctionConcurrency",
          "lambda:RemovePermission",
          "lambda:TagResource",
          "lambda:UntagResource",
          "lambda:UpdateFunctionCode",
          "lambda:UpdateFunctionConfiguration",
        ],
        each("lambda", "function:"),
      ),
      allow(
        "Scaling",
        [
          "application-autoscaling:DeleteScalingPolicy",
          "application-autoscaling:DeregisterScalableTarget",
          "application-autoscaling:PutScalingPolicy",
          "application-autoscaling:RegisterScalableTarget",
          "application-autoscaling:TagResource",
          "application-autoscaling:UntagResource",
        ],
        arn("application-autoscaling", "scalable-target/*"),
      ),
      allow(
        "LoadBalancing",
        [
          "elasticloadbalancing:AddTags",
          "elasticloadbalancing:CreateRule",
          "elasticloadbalancing:CreateTargetGroup",
          "elasticloadbalancing:DeleteRule",
          "elasticloadbalancing:DeleteTargetGroup",
          "elasticloadbalancing:ModifyRule",
          "elasticloadbalancing:ModifyTargetGroup",
          "elasticloadbalancing:ModifyTargetGroupAttributes",
          "elasticloadbalancing:RemoveTags",
          "elasticloadbalancing:SetRulePriorities",
        ],
        [
          arn("elasticloadbalancing", `targetgroup/${project}-syn-*/*`),
          arn("elasticloadbalancing", `targetgroup/${project}-mcp-*/*`),
          arn("elasticloadbalancing", `listener/app/${project}-*/*`),
          arn("elasticloadbalancing", `listener-rule/app/${project}-*/*`),
        ],
      ),
      allow(
        "Logs",
        [
          "logs:CreateLogGroup",
          "logs:DeleteLogGroup",
          "logs:DeleteMetricFilter",
          "logs:DeleteRetentionPolicy",
          "logs:FilterLogEvents",
          "logs:GetLogEvents",
          "logs:PutMetricFilter",
          "logs:PutRetentionPolicy",
          "logs:TagResource",
          "logs:UntagResource",
        ],
        logGroups.flatMap((group) => [group, `${group}:*`]),
      ),
      allow(
        "AccessLogOfApis",
        [
          "logs:CreateLogDelivery",
          "logs:DeleteLogDelivery",
          "logs:GetLogDelivery",
          "logs:ListLogDeliveries",
          "logs:PutResourcePolicy",
          "logs:UpdateLogDelivery",
        ],
        "*",
      ),
    ],
    identity: [
      allow(
        "Roles",
        [
          "iam:CreateRole",
          "iam:DeleteRole",
          "iam:DeleteRolePolicy",
          "iam:PutRolePolicy",
          "iam:TagRole",
          "iam:UntagRole",
          "iam:UpdateAssumeRolePolicy",
          "iam:UpdateRole",
          "iam:UpdateRoleDescription",
        ],
        roles,
      ),
      allow(
        "ServiceLinkedRoles",
        "iam:CreateServiceLinkedRole",
        `arn:aws:iam::${accountId}:role/aws-service-role/*`,
        {
          StringEquals: {
            "iam:AWSServiceName": [
              "ecs.amazonaws.com",
              "ecs.application-autoscaling.amazonaws.com",
              "elasticache.amazonaws.com",
              "elasticfilesystem.amazonaws.com",
            ],
          },
        },
      ),
      allow(
        "Secrets",
        [
          "secretsmanager:CreateSecret",
          "secretsmanager:DeleteSecret",
          "secretsmanager:PutSecretValue",
          "secretsmanager:TagResource",
          "secretsmanager:UntagResource",
          "secretsmanager:UpdateSecret",
          "secretsmanager:UpdateSecretVersionStage",
        ],
        secrets,
      ),
      allow(
        "CognitoClients",
        [
          "cognito-idp:CreateUserPoolClient",
          "cognito-idp:DeleteUserPoolClient",
          "cognito-idp:UpdateUserPoolClient",
        ],
        arn("cognito-idp", "userpool/*"),
      ),
      allow(
        "Alarms",
        [
          "cloudwatch:DeleteAlarms",
          "cloudwatch:DeleteDashboards",
          "cloudwatch:PutDashboard",
          "cloudwatch:PutMetricAlarm",
          "cloudwatch:TagResource",
          "cloudwatch:UntagResource",
        ],
        [arn("cloudwatch", `alarm:${project}-*`), `arn:aws:cloudwatch::${accountId}:dashboard/${project}-*`],
      ),
      allow(
        "AlarmTopics",
        [
          "sns:CreateTopic",
          "sns:DeleteTopic",
          "sns:SetSubscriptionAttributes",
          "sns:SetTopicAttributes",
          "sns:Subscribe",
          "sns:TagResource",
          "sns:Unsubscribe",
          "sns:UntagResource",
        ],
        arn("sns", `${project}-*`),
      ),
      allow("CreateKeys", "kms:CreateKey", "*", taggedOnCreation),
      allow(
        "Keys",
        [
          "kms:EnableKeyRotation",
          "kms:GenerateDataKey",
          "kms:PutKeyPolicy",
          "kms:ScheduleKeyDeletion",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateKeyDescription",
        ],
        arn("kms", "key/*"),
        tagged,
      ),
      allow(
        "KeyAliases",
        ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
        [arn("kms", `alias/${project}-*`), arn("kms", "key/*")],
      ),
    ],
    network: [
      allow(
        "CreateSecurityGroups",
        "ec2:CreateSecurityGroup",
        arn("ec2", "security-group/*"),
        taggedOnCreation,
      ),
      allow("InVpc", "ec2:CreateSecurityGroup", arn("ec2", "vpc/*")),
      allow("DeleteSecurityGroups", "ec2:DeleteSecurityGroup", arn("ec2", "security-group/*"), tagged),
      // Rules for our own peers are added to groups that others own, too.
      allow(
        "SecurityGroupRules",
        [
          "ec2:AuthorizeSecurityGroupEgress",
          "ec2:AuthorizeSecurityGroupIngress",
          "ec2:ModifySecurityGroupRules",
          "ec2:RevokeSecurityGroupEgress",
          "ec2:RevokeSecurityGroupIngress",
        ],
        securityGroups,
      ),
      allow("TagNewRules", "ec2:CreateTags", securityGroups, {
        StringEquals: {
          "ec2:CreateAction": [
            "CreateSecurityGroup",
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
          ],
        },
      }),
      allow("TagOurRules", ["ec2:CreateTags", "ec2:DeleteTags"], securityGroups, tagged),
      allow("CreateFileSystems", "elasticfilesystem:CreateFileSystem", "*", taggedOnCreation),
      allow(
        "FileSystems",
        [
          "elasticfilesystem:CreateAccessPoint",
          "elasticfilesystem:CreateMountTarget",
          "elasticfilesystem:DeleteAccessPoint",
          "elasticfilesystem:DeleteFileSystem",
          "elasticfilesystem:DeleteFileSystemPolicy",
          "elasticfilesystem:DeleteMountTarget",
          "elasticfilesystem:ModifyMountTargetSecurityGroups",
          "elasticfilesystem:PutBackupPolicy",
          "elasticfilesystem:PutFileSystemPolicy",
          "elasticfilesystem:PutLifecycleConfiguration",
          "elasticfilesystem:TagResource",
          "elasticfilesystem:UntagResource",
          "elasticfilesystem:UpdateFileSystem",
        ],
        [arn("elasticfilesystem", "file-system/*"), arn("elasticfilesystem", "access-point/*")],
        tagged,
      ),
      allow(
        "MountTargets",
        ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface"],
        [arn("ec2", "network-interface/*"), arn("ec2", "security-group/*"), arn("ec2", "subnet/*")],
      ),
      allow(
        "CreateNames",
        ["servicediscovery:CreatePrivateDnsNamespace", "servicediscovery:CreateService"],
        "*",
      ),
      allow(
        "Names",
        [
          "servicediscovery:DeleteNamespace",
          "servicediscovery:DeleteService",
          "servicediscovery:TagResource",
          "servicediscovery:UntagResource",
          "servicediscovery:UpdatePrivateDnsNamespace",
          "servicediscovery:UpdateService",
        ],
        [arn("servicediscovery", "namespace/*"), arn("servicediscovery", "service/*")],
        tagged,
      ),
      // Cloud Map makes the hosted zone of a namespace by its caller's right.
      allow("HostedZoneOfNames", "route53:CreateHostedZone", "*"),
      allow(
        "Apis",
        ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT"],
        [
          `arn:aws:apigateway:${region}::/apis`,
          `arn:aws:apigateway:${region}::/apis/*`,
          `arn:aws:apigateway:${region}::/tags/*`,
        ],
      ),
      allow(
        "Backups",
        [
          "backup:CreateBackupPlan",
          "backup:CreateBackupSelection",
          "backup:CreateBackupVault",
          "backup:DeleteBackupPlan",
          "backup:DeleteBackupSelection",
          "backup:DeleteBackupVault",
          "backup:TagResource",
          "backup:UntagResource",
          "backup:UpdateBackupPlan",
        ],
        [arn("backup", `backup-vault:${project}-*`), arn("backup", "backup-plan:*")],
      ),
      allow("BackupStorage", "backup-storage:MountCapsule", "*"),
      allow(
        "Redis",
        [
          "elasticache:AddTagsToResource",
          "elasticache:CreateCacheSubnetGroup",
          "elasticache:CreateReplicationGroup",
          "elasticache:DeleteCacheSubnetGroup",
          "elasticache:DeleteReplicationGroup",
          "elasticache:ModifyCacheSubnetGroup",
          "elasticache:ModifyReplicationGroup",
          "elasticache:RemoveTagsFromResource",
        ],
        [
          arn("elasticache", `cluster:${project}-*`),
          arn("elasticache", `replicationgroup:${project}-*`),
          arn("elasticache", `subnetgroup:${project}-*`),
          arn("elasticache", "parametergroup:default*"),
        ],
      ),
    ],
  };
}
