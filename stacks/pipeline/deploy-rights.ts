import { MARKER } from "../../shared/deployment-marker.ts";
import { boundaryArn } from "./boundary.ts";
import { allow, object, type RightsProps, resources, type Statements } from "./resources.ts";

/**
 * Policies of the deploying role, in addition to those of the planning role. Resources are named by the prefixes of
 * this project's names; `*` is used only where IAM takes no narrower resource.
 */
export interface DeployRights {
  readonly writeState: Statements;
  /** Services, tasks, functions, the load balancer's rules, logs. */
  readonly compute: Statements;
  /** Roles, secrets, Cognito clients, alarms. */
  readonly identity: Statements;
  /** Security groups, file systems, names, APIs. */
  readonly network: Statements;
}

export function deployRights(props: RightsProps): DeployRights {
  const { project, region, accountId, state, production } = props;
  const { arn, each, roles, secrets, apis, logGroups } = resources(props);
  // Every resource gets this tag from the provider's default tags.
  const tagged = { StringEquals: { "aws:ResourceTag/Project": project } };
  const taggedOnCreation = { StringEquals: { "aws:RequestTag/Project": project } };
  // A new resource has none of its tags yet, or they count only after some minutes (KMS). These statements leave out what
  // carries another project's tag.
  const newOrTagged = { StringEqualsIfExists: { "aws:ResourceTag/Project": project } };
  const securityGroups = [arn("ec2", "security-group/*"), arn("ec2", "security-group-rule/*")];

  return {
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
      // IAM takes no narrower resource. The roles that are passed decide what a task may do.
      allow("TaskDefinitions", "ecs:RegisterTaskDefinition", "*"),
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
          "lambda:InvokeFunction",
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
        "Schedules",
        [
          "events:DeleteRule",
          "events:PutRule",
          "events:PutTargets",
          "events:RemoveTargets",
          "events:TagResource",
          "events:UntagResource",
        ],
        each("events", "rule/"),
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
      // Application Auto Scaling makes the alarms of target tracking with the rights of its caller. Both alarms have names
      // of its own; the last pattern is the request that names none.
      allow(
        "AlarmsOfScaling",
        ["cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"],
        [arn("cloudwatch", "alarm:TargetTracking-service/*"), arn("cloudwatch", "alarm:")],
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
      // No role gets a policy, or a trust policy, unless it has the permissions boundary; nothing here takes it away.
      allow(
        "RolesWithinBoundary",
        [
          "iam:CreateRole",
          "iam:PutRolePermissionsBoundary",
          "iam:PutRolePolicy",
          "iam:UpdateAssumeRolePolicy",
        ],
        roles,
        { StringEquals: { "iam:PermissionsBoundary": boundaryArn(props) } },
      ),
      allow(
        "Roles",
        [
          "iam:DeleteRole",
          "iam:DeleteRolePolicy",
          "iam:TagRole",
          "iam:UntagRole",
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
              "backup.amazonaws.com",
              "ecs.amazonaws.com",
              "ecs.application-autoscaling.amazonaws.com",
              "elasticache.amazonaws.com",
              "elasticfilesystem.amazonaws.com",
              "ops.apigateway.amazonaws.com",
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
      // CloudWatch makes a composite alarm only for who may make any.
      allow("CompositeAlarms", "cloudwatch:PutCompositeAlarm", "*"),
      allow("DeploymentMarker", "cloudwatch:PutMetricData", "*", {
        StringEquals: { "cloudwatch:namespace": MARKER.namespace },
      }),
      allow(
        "Budgets",
        ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"],
        `arn:aws:budgets::${accountId}:budget/${project}-*`,
      ),
      allow(
        "AlarmTopics",
        [
          "sns:CreateTopic",
          "sns:DeleteTopic",
          "sns:SetTopicAttributes",
          "sns:Subscribe",
          "sns:TagResource",
          "sns:UntagResource",
        ],
        arn("sns", `${project}-*`),
      ),
      // IAM takes no resource for a subscription.
      allow("AlarmSubscriptions", ["sns:SetSubscriptionAttributes", "sns:Unsubscribe"], "*"),
      allow("CreateKeys", "kms:CreateKey", "*", taggedOnCreation),
      allow("TagNewKeys", "kms:TagResource", "*", {
        ...newOrTagged,
        ...taggedOnCreation,
      }),
      // Creating a key takes PutKeyPolicy too: KMS refuses a policy that its creator could not change.
      allow(
        "NewKeys",
        [
          "kms:CreateAlias",
          "kms:DeleteAlias",
          "kms:EnableKeyRotation",
          "kms:PutKeyPolicy",
          "kms:UpdateAlias",
        ],
        arn("kms", "key/*"),
        newOrTagged,
      ),
      allow(
        "KeyAliases",
        ["kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"],
        arn("kms", `alias/${project}-*`),
      ),
      allow(
        "Keys",
        ["kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription"],
        arn("kms", "key/*"),
        tagged,
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
      // Rules are added to groups that others own, too.
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
      allow("TagNewSecurityGroups", "ec2:CreateTags", arn("ec2", "security-group/*"), {
        StringEquals: { "ec2:CreateAction": "CreateSecurityGroup" },
      }),
      // Terraform tags a rule in a request of its own after it has made it, so there is no `ec2:CreateAction`.
      allow("TagNewRules", "ec2:CreateTags", arn("ec2", "security-group-rule/*"), {
        ...newOrTagged,
        ...taggedOnCreation,
      }),
      allow("TagOurRules", ["ec2:CreateTags", "ec2:DeleteTags"], securityGroups, tagged),
      allow("CreateFileSystems", "elasticfilesystem:CreateFileSystem", "*", taggedOnCreation),
      allow(
        "TagNewFileSystems",
        "elasticfilesystem:TagResource",
        [arn("elasticfilesystem", "file-system/*"), arn("elasticfilesystem", "access-point/*")],
        { StringEquals: { "elasticfilesystem:CreateAction": ["CreateFileSystem", "CreateAccessPoint"] } },
      ),
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
        ["ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:ModifyNetworkInterfaceAttribute"],
        [arn("ec2", "network-interface/*"), arn("ec2", "security-group/*"), arn("ec2", "subnet/*")],
      ),
      // Cloud Map takes no resource and no resource's tag for tagging.
      allow(
        "CreateNames",
        [
          "servicediscovery:CreatePrivateDnsNamespace",
          "servicediscovery:CreateService",
          "servicediscovery:TagResource",
        ],
        "*",
        taggedOnCreation,
      ),
      allow("UntagNames", "servicediscovery:UntagResource", "*"),
      allow(
        "Names",
        [
          "servicediscovery:DeleteNamespace",
          "servicediscovery:DeleteService",
          "servicediscovery:UpdatePrivateDnsNamespace",
          "servicediscovery:UpdateService",
        ],
        [arn("servicediscovery", "namespace/*"), arn("servicediscovery", "service/*")],
        tagged,
      ),
      // Cloud Map creates the hosted zone of a namespace with the rights of its caller.
      allow("HostedZoneOfNames", "route53:CreateHostedZone", "*"),
      allow("Apis", ["apigateway:DELETE", "apigateway:PATCH", "apigateway:POST"], apis),
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
      // AWS Backup uses the vault's key with the rights of the vault's creator.
      allow(
        "KeyOfBackups",
        ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:RetireGrant"],
        arn("kms", "key/*"),
        { StringLike: { "kms:ViaService": `backup*.${region}.amazonaws.com` } },
      ),
      // Where data is not protected, the vault is destroyed with its backups.
      ...(production
        ? []
        : [
            allow(
              "DestroyBackups",
              ["backup:DeleteRecoveryPoint", "backup:DescribeRecoveryPoint"],
              arn("backup", "recovery-point:*"),
            ),
          ]),
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
