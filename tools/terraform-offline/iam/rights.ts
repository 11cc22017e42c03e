import { isSet, type Value, type Values } from "../plugin/value.ts";

/** What Terraform does with a resource. */
export type Operation = "create" | "read" | "update" | "delete";

/** Makes an ARN in the run's region and account. */
type Arn = (service: string, resource: string) => string;

type Actions = readonly string[];
type ActionsOf = Actions | ((values: Values) => Actions);

/** Actions of IAM that the real provider needs for a type. Reading follows on creating and updating. */
interface Rights {
  readonly create: ActionsOf;
  readonly read: ActionsOf;
  /** What a change of any argument can need. */
  readonly update: ActionsOf;
  readonly delete: ActionsOf;
  /** ARNs that IAM is asked about, the most important first. @default - the resource's own */
  readonly about?: (values: Values, arn: Arn) => readonly Value[];
}

/** Actions of one service, without its prefix. */
const of = (service: string, ...names: readonly string[]): Actions =>
  names.map((name) => `${service}:${name}`);

const linkedRole = ["iam:CreateServiceLinkedRole"];
const networkInterfaces = of("ec2", "DescribeNetworkInterfaces");

const partOfApi = {
  create: ["apigateway:POST"],
  read: ["apigateway:GET"],
  update: ["apigateway:PATCH"],
  delete: ["apigateway:DELETE"],
  about: ({ region, api_id }: Values) => [`arn:aws:apigateway:${region}::/apis/${api_id}`],
};

const securityGroupRule = (direction: "Ingress" | "Egress"): Rights => ({
  create: of("ec2", `AuthorizeSecurityGroup${direction}`, "CreateTags"),
  read: of("ec2", "DescribeSecurityGroupRules"),
  update: of("ec2", "ModifySecurityGroupRules", "CreateTags", "DeleteTags"),
  delete: of("ec2", `RevokeSecurityGroup${direction}`),
  about: ({ security_group_id, arn: own = null }, arn) => [
    arn("ec2", `security-group/${security_group_id}`),
    own,
  ],
});

const reading = (...read: readonly string[]): Rights => ({ create: [], read, update: [], delete: [] });

/** Rights by resource type, and by `data.` and the type of a data source. Types of other providers than AWS need none. */
export const rights: Readonly<Record<string, Rights>> = {
  aws_apigatewayv2_api: {
    create: of("apigateway", "POST"),
    read: of("apigateway", "GET"),
    // Tags are posted and deleted.
    update: of("apigateway", "PATCH", "POST", "DELETE"),
    delete: of("apigateway", "DELETE"),
  },
  aws_apigatewayv2_integration: partOfApi,
  aws_apigatewayv2_route: partOfApi,
  aws_apigatewayv2_stage: {
    ...partOfApi,
    create: [
      ...partOfApi.create,
      ...linkedRole,
      // API Gateway sends its access log with the rights of the caller.
      ...of(
        "logs",
        "CreateLogDelivery",
        "DescribeResourcePolicies",
        "GetLogDelivery",
        "ListLogDeliveries",
        "PutResourcePolicy",
      ),
    ],
    update: ["apigateway:PATCH", "logs:UpdateLogDelivery"],
    delete: ["apigateway:DELETE", "logs:DeleteLogDelivery"],
  },
  aws_appautoscaling_target: {
    create: [...of("application-autoscaling", "RegisterScalableTarget", "TagResource"), ...linkedRole],
    read: of("application-autoscaling", "DescribeScalableTargets", "ListTagsForResource"),
    update: of("application-autoscaling", "RegisterScalableTarget", "TagResource", "UntagResource"),
    delete: of("application-autoscaling", "DeregisterScalableTarget"),
  },
  // The alarms of target tracking are made with the rights of the caller.
  aws_appautoscaling_policy: {
    create: ["application-autoscaling:PutScalingPolicy", "cloudwatch:PutMetricAlarm"],
    read: ["application-autoscaling:DescribeScalingPolicies"],
    update: ["application-autoscaling:PutScalingPolicy", "cloudwatch:PutMetricAlarm"],
    delete: ["application-autoscaling:DeleteScalingPolicy", "cloudwatch:DeleteAlarms"],
    about: ({ resource_id }, arn) => [arn("cloudwatch", `alarm:TargetTracking-${resource_id}-AlarmHigh-1`)],
  },
  aws_backup_plan: {
    create: of("backup", "CreateBackupPlan", "TagResource"),
    read: of("backup", "GetBackupPlan", "ListTags"),
    update: of("backup", "UpdateBackupPlan", "TagResource", "UntagResource"),
    delete: of("backup", "DeleteBackupPlan"),
  },
  aws_backup_selection: {
    create: [...of("backup", "CreateBackupSelection"), "iam:PassRole", ...linkedRole],
    read: of("backup", "GetBackupSelection"),
    update: [],
    delete: of("backup", "DeleteBackupSelection"),
    about: ({ plan_id, iam_role_arn = null }, arn) => [arn("backup", `backup-plan:${plan_id}`), iam_role_arn],
  },
  aws_backup_vault: {
    create: [
      ...of("backup", "CreateBackupVault", "TagResource"),
      "backup-storage:MountCapsule",
      ...of("kms", "CreateGrant", "Decrypt", "DescribeKey", "GenerateDataKey", "RetireGrant"),
    ],
    read: of("backup", "DescribeBackupVault", "ListTags"),
    update: of("backup", "TagResource", "UntagResource"),
    delete: ({ force_destroy }) =>
      of(
        "backup",
        ...(force_destroy
          ? ["ListRecoveryPointsByBackupVault", "DescribeRecoveryPoint", "DeleteRecoveryPoint"]
          : []),
        "DeleteBackupVault",
      ),
  },
  aws_budgets_budget: {
    create: of("budgets", "ModifyBudget", "TagResource"),
    read: of("budgets", "ViewBudget", "ListTagsForResource"),
    update: of("budgets", "ModifyBudget", "TagResource", "UntagResource"),
    delete: of("budgets", "ModifyBudget"),
  },
  aws_cloudwatch_composite_alarm: {
    create: of("cloudwatch", "PutCompositeAlarm", "TagResource"),
    read: of("cloudwatch", "DescribeAlarms", "ListTagsForResource"),
    update: of("cloudwatch", "PutCompositeAlarm", "TagResource", "UntagResource"),
    delete: of("cloudwatch", "DeleteAlarms"),
  },
  aws_cloudwatch_dashboard: {
    create: ["cloudwatch:PutDashboard"],
    read: ["cloudwatch:GetDashboard"],
    update: ["cloudwatch:PutDashboard"],
    delete: ["cloudwatch:DeleteDashboards"],
    about: ({ dashboard_arn = null }) => [dashboard_arn],
  },
  aws_cloudwatch_event_rule: {
    create: of("events", "PutRule", "TagResource"),
    read: of("events", "DescribeRule", "ListTagsForResource"),
    update: of("events", "PutRule", "TagResource", "UntagResource"),
    delete: of("events", "DeleteRule"),
  },
  aws_cloudwatch_event_target: {
    create: of("events", "PutTargets"),
    read: of("events", "ListTargetsByRule"),
    update: of("events", "PutTargets"),
    delete: of("events", "RemoveTargets"),
    about: ({ rule }, arn) => [arn("events", `rule/${rule}`)],
  },
  aws_cloudwatch_log_group: {
    create: of("logs", "CreateLogGroup", "PutRetentionPolicy", "TagResource"),
    read: of("logs", "DescribeLogGroups", "ListTagsForResource"),
    update: of("logs", "PutRetentionPolicy", "DeleteRetentionPolicy", "TagResource", "UntagResource"),
    delete: of("logs", "DeleteLogGroup"),
  },
  aws_cloudwatch_log_metric_filter: {
    create: of("logs", "PutMetricFilter"),
    read: of("logs", "DescribeMetricFilters"),
    update: of("logs", "PutMetricFilter"),
    delete: of("logs", "DeleteMetricFilter"),
    about: ({ log_group_name }, arn) => [arn("logs", `log-group:${log_group_name}`)],
  },
  aws_cloudwatch_metric_alarm: {
    create: of("cloudwatch", "PutMetricAlarm", "TagResource"),
    read: of("cloudwatch", "DescribeAlarms", "ListTagsForResource"),
    update: of("cloudwatch", "PutMetricAlarm", "TagResource", "UntagResource"),
    delete: of("cloudwatch", "DeleteAlarms"),
  },
  aws_cognito_user_pool_client: {
    create: of("cognito-idp", "CreateUserPoolClient"),
    read: of("cognito-idp", "DescribeUserPoolClient"),
    update: of("cognito-idp", "UpdateUserPoolClient"),
    delete: of("cognito-idp", "DeleteUserPoolClient"),
    about: ({ user_pool_id }, arn) => [arn("cognito-idp", `userpool/${user_pool_id}`)],
  },
  aws_ecs_service: {
    create: [...of("ecs", "CreateService", "TagResource"), ...linkedRole],
    read: of("ecs", "DescribeServices"),
    update: of("ecs", "UpdateService", "TagResource", "UntagResource"),
    delete: of("ecs", "UpdateService", "DeleteService"),
    about: ({ id = null }) => [id],
  },
  aws_ecs_task_definition: {
    create: [...of("ecs", "RegisterTaskDefinition", "TagResource"), "iam:PassRole"],
    read: of("ecs", "DescribeTaskDefinition"),
    update: of("ecs", "TagResource"),
    // Every task definition stays registered (`skip_destroy`).
    delete: [],
  },
  aws_efs_access_point: {
    create: of("elasticfilesystem", "CreateAccessPoint", "TagResource"),
    read: of("elasticfilesystem", "DescribeAccessPoints"),
    update: of("elasticfilesystem", "TagResource", "UntagResource"),
    delete: of("elasticfilesystem", "DeleteAccessPoint"),
    about: ({ arn: own = null, file_system_arn = null }) => [own, file_system_arn],
  },
  aws_efs_file_system: {
    create: [
      ...of("elasticfilesystem", "CreateFileSystem", "TagResource", "PutLifecycleConfiguration"),
      ...linkedRole,
    ],
    read: of("elasticfilesystem", "DescribeFileSystems", "DescribeLifecycleConfiguration"),
    update: of(
      "elasticfilesystem",
      "UpdateFileSystem",
      "PutLifecycleConfiguration",
      "TagResource",
      "UntagResource",
    ),
    delete: of("elasticfilesystem", "DeleteFileSystem"),
  },
  aws_efs_file_system_policy: {
    create: of("elasticfilesystem", "PutFileSystemPolicy"),
    read: of("elasticfilesystem", "DescribeFileSystemPolicy"),
    update: of("elasticfilesystem", "PutFileSystemPolicy"),
    delete: of("elasticfilesystem", "DeleteFileSystemPolicy"),
    about: ({ file_system_id }, arn) => [arn("elasticfilesystem", `file-system/${file_system_id}`)],
  },
  aws_efs_mount_target: {
    create: [
      ...of("elasticfilesystem", "CreateMountTarget"),
      ...of("ec2", "CreateNetworkInterface", "DescribeSubnets"),
      ...networkInterfaces,
    ],
    read: of("elasticfilesystem", "DescribeMountTargets", "DescribeMountTargetSecurityGroups"),
    update: ["elasticfilesystem:ModifyMountTargetSecurityGroups", "ec2:ModifyNetworkInterfaceAttribute"],
    delete: ["elasticfilesystem:DeleteMountTarget", "ec2:DeleteNetworkInterface"],
    about: ({ file_system_arn = null, subnet_id, network_interface_id }, arn) => [
      file_system_arn,
      arn("ec2", `subnet/${subnet_id}`),
      arn("ec2", `network-interface/${network_interface_id}`),
    ],
  },
  aws_elasticache_replication_group: {
    create: [...of("elasticache", "CreateReplicationGroup", "AddTagsToResource"), ...linkedRole],
    read: of("elasticache", "DescribeReplicationGroups", "DescribeCacheClusters", "ListTagsForResource"),
    update: of("elasticache", "ModifyReplicationGroup", "AddTagsToResource", "RemoveTagsFromResource"),
    delete: of("elasticache", "DeleteReplicationGroup"),
  },
  aws_elasticache_subnet_group: {
    create: of("elasticache", "CreateCacheSubnetGroup", "AddTagsToResource"),
    read: of("elasticache", "DescribeCacheSubnetGroups", "ListTagsForResource"),
    update: of("elasticache", "ModifyCacheSubnetGroup", "AddTagsToResource", "RemoveTagsFromResource"),
    delete: of("elasticache", "DeleteCacheSubnetGroup"),
    about: ({ name }, arn) => [arn("elasticache", `subnetgroup:${name}`)],
  },
  aws_iam_role: {
    create: of("iam", "CreateRole", "TagRole"),
    read: of("iam", "GetRole", "ListRolePolicies", "ListAttachedRolePolicies"),
    update: of(
      "iam",
      "PutRolePermissionsBoundary",
      "UpdateAssumeRolePolicy",
      "UpdateRoleDescription",
      "TagRole",
      "UntagRole",
    ),
    delete: of("iam", "ListInstanceProfilesForRole", "DeleteRole"),
  },
  aws_iam_role_policy: {
    create: of("iam", "PutRolePolicy"),
    read: of("iam", "GetRolePolicy"),
    update: of("iam", "PutRolePolicy"),
    delete: of("iam", "DeleteRolePolicy"),
    about: ({ role }, arn) => [arn("iam", `role/${role}`)],
  },
  aws_kms_alias: {
    create: of("kms", "CreateAlias"),
    read: of("kms", "ListAliases"),
    update: of("kms", "UpdateAlias"),
    delete: of("kms", "DeleteAlias"),
    about: ({ arn: own = null, target_key_arn = null }) => [own, target_key_arn],
  },
  // KMS refuses a policy that the key's creator could not change, so creating takes PutKeyPolicy.
  aws_kms_key: {
    create: of("kms", "CreateKey", "TagResource", "PutKeyPolicy", "EnableKeyRotation"),
    read: of("kms", "DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"),
    update: of(
      "kms",
      "UpdateKeyDescription",
      "PutKeyPolicy",
      "EnableKeyRotation",
      "TagResource",
      "UntagResource",
    ),
    delete: of("kms", "ScheduleKeyDeletion"),
  },
  aws_lambda_function: {
    create: [
      ...of("lambda", "CreateFunction", "TagResource", "PutFunctionConcurrency"),
      "iam:PassRole",
      ...of("ec2", "DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs"),
    ],
    read: of("lambda", "GetFunction", "GetFunctionCodeSigningConfig", "ListVersionsByFunction"),
    update: [
      ...of(
        "lambda",
        "UpdateFunctionCode",
        "UpdateFunctionConfiguration",
        "PutFunctionConcurrency",
        "DeleteFunctionConcurrency",
        "TagResource",
        "UntagResource",
      ),
      "iam:PassRole",
    ],
    delete: [...of("lambda", "DeleteFunction"), ...networkInterfaces],
  },
  aws_lambda_permission: {
    create: of("lambda", "AddPermission"),
    read: of("lambda", "GetPolicy"),
    update: [],
    delete: of("lambda", "RemovePermission"),
    about: ({ function_name }, arn) => [
      String(function_name).startsWith("arn:")
        ? String(function_name)
        : arn("lambda", `function:${function_name}`),
    ],
  },
  aws_lb_listener_rule: {
    create: of("elasticloadbalancing", "CreateRule", "AddTags"),
    read: of("elasticloadbalancing", "DescribeRules", "DescribeTags"),
    update: of("elasticloadbalancing", "ModifyRule", "SetRulePriorities", "AddTags", "RemoveTags"),
    delete: of("elasticloadbalancing", "DeleteRule"),
    about: ({ arn: own = null, listener_arn = null }) => [own, listener_arn],
  },
  aws_lb_target_group: {
    create: of("elasticloadbalancing", "CreateTargetGroup", "ModifyTargetGroupAttributes", "AddTags"),
    read: of("elasticloadbalancing", "DescribeTargetGroups", "DescribeTargetGroupAttributes", "DescribeTags"),
    update: of(
      "elasticloadbalancing",
      "ModifyTargetGroup",
      "ModifyTargetGroupAttributes",
      "AddTags",
      "RemoveTags",
    ),
    delete: of("elasticloadbalancing", "DeleteTargetGroup"),
  },
  aws_secretsmanager_secret: {
    create: of("secretsmanager", "CreateSecret", "TagResource"),
    read: of("secretsmanager", "DescribeSecret", "GetResourcePolicy"),
    update: of("secretsmanager", "UpdateSecret", "TagResource", "UntagResource"),
    delete: of("secretsmanager", "DeleteSecret"),
  },
  aws_secretsmanager_secret_version: {
    create: of("secretsmanager", "PutSecretValue"),
    // A write-only value is not read, only whether its version is there.
    read: ({ secret_string_wo_version }) =>
      of("secretsmanager", isSet(secret_string_wo_version) ? "ListSecretVersionIds" : "GetSecretValue"),
    update: of("secretsmanager", "UpdateSecretVersionStage"),
    delete: of("secretsmanager", "UpdateSecretVersionStage"),
  },
  aws_security_group: {
    create: of("ec2", "CreateSecurityGroup", "CreateTags", "RevokeSecurityGroupEgress"),
    read: of("ec2", "DescribeSecurityGroups"),
    update: of("ec2", "CreateTags"),
    delete: [...networkInterfaces, "ec2:DeleteSecurityGroup"],
    about: ({ arn: own = null, vpc_id }, arn) => [own, arn("ec2", `vpc/${vpc_id}`)],
  },
  // Cloud Map makes the hosted zone of a namespace with the rights of the caller.
  aws_service_discovery_private_dns_namespace: {
    create: [
      ...of("servicediscovery", "CreatePrivateDnsNamespace", "TagResource", "GetOperation"),
      ...of("route53", "CreateHostedZone", "GetHostedZone", "ListHostedZonesByName"),
      ...of("ec2", "DescribeRegions", "DescribeVpcs"),
    ],
    read: of("servicediscovery", "GetNamespace", "ListTagsForResource"),
    update: of("servicediscovery", "UpdatePrivateDnsNamespace", "TagResource", "UntagResource"),
    delete: of("servicediscovery", "DeleteNamespace", "GetOperation"),
  },
  aws_service_discovery_service: {
    create: of("servicediscovery", "CreateService", "TagResource"),
    read: of("servicediscovery", "GetService", "ListTagsForResource"),
    update: of("servicediscovery", "UpdateService", "TagResource", "UntagResource"),
    delete: of("servicediscovery", "DeleteService"),
  },
  aws_sns_topic: {
    create: of("sns", "CreateTopic", "SetTopicAttributes", "TagResource"),
    read: of("sns", "GetTopicAttributes", "ListTagsForResource"),
    update: of("sns", "SetTopicAttributes", "TagResource", "UntagResource"),
    delete: of("sns", "DeleteTopic"),
  },
  aws_sns_topic_policy: {
    create: of("sns", "SetTopicAttributes"),
    read: of("sns", "GetTopicAttributes"),
    update: of("sns", "SetTopicAttributes"),
    delete: of("sns", "SetTopicAttributes"),
  },
  aws_sns_topic_subscription: {
    create: of("sns", "Subscribe"),
    read: of("sns", "GetSubscriptionAttributes"),
    update: of("sns", "SetSubscriptionAttributes"),
    delete: of("sns", "Unsubscribe"),
    about: ({ topic_arn = null }) => [topic_arn],
  },
  aws_vpc_security_group_egress_rule: securityGroupRule("Egress"),
  aws_vpc_security_group_ingress_rule: securityGroupRule("Ingress"),

  "data.aws_caller_identity": reading(),
  "data.aws_db_instance": reading("rds:DescribeDBInstances", "rds:ListTagsForResource"),
  "data.aws_lb_listener": reading(
    ...of("elasticloadbalancing", "DescribeListeners", "DescribeListenerAttributes", "DescribeTags"),
  ),
  "data.aws_resourcegroupstaggingapi_resources": reading("tag:GetResources"),
  "data.aws_route_table": reading("ec2:DescribeRouteTables"),
  "data.aws_route_tables": reading("ec2:DescribeRouteTables"),
  "data.aws_subnet": reading("ec2:DescribeSubnets"),
  "data.aws_vpc_security_group_rule": reading("ec2:DescribeSecurityGroupRules"),
  "data.aws_vpc_security_group_rules": reading("ec2:DescribeSecurityGroupRules"),
};
