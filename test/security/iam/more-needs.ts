import type { Environment } from "../../../environments/schema.ts";
import { ACCOUNT, arn, type Need, REGION } from "./needs.ts";

/** Requests of one kind: each is an action, its resource, and values of condition keys. */
type Requests = readonly (readonly [action: string, resource: string, context?: Need["context"]])[];

const role = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const key = arn("kms", "key/1");
const securityGroup = arn("ec2", "security-group/sg-1");
const rule = arn("ec2", "security-group-rule/sgr-1");
const fileSystem = arn("elasticfilesystem", "file-system/fs-1");

/** What the deploying role is asked for beyond iam-needs.json, by what asks. */
const byReason = ({ project, environment, production, state }: Environment): Record<string, Requests> => {
  const tagged = { "aws:ResourceTag/Project": project };
  const newTags = { "aws:RequestTag/Project": project };
  const task = arn("ecs", `task-definition/${project}-chat-migration:7`);
  const service = arn("ecs", `service/${project}-cluster/${project}-chat-mcp`);
  const fn = arn("lambda", `function:${project}-link-preview`);
  const group = arn("logs", `log-group:/ecs/${project}-chat-mcp`);
  const targetGroup = arn("elasticloadbalancing", `targetgroup/${project}-mcp-tg/1`);
  const schedule = arn("events", `rule/${project}-link-preview-renewal`);
  const listenerRule = arn("elasticloadbalancing", `listener-rule/app/${project}-alb/1/2/3`);
  const secret = arn("secretsmanager", `secret:${project}-${environment}-chat-clients-AbCdEf`);
  const alarm = arn("cloudwatch", `alarm:${project}-chat-mcp-cpu`);
  const vault = arn("backup", `backup-vault:${project}-synapse-media`);
  const pool = arn("cognito-idp", "userpool/us-east-1_AbCdEfGhI");
  const budget = `arn:aws:budgets::${ACCOUNT}:budget/${project}-chat`;
  const topic = arn("sns", `${project}-chat-alarms`);
  const api = "arn:aws:apigateway:us-east-1::/apis/a1";
  const scaling = arn("application-autoscaling", "scalable-target/1a2b");
  const redis = arn("elasticache", `replicationgroup:${project}-synapse-redis`);
  const subnets = arn("elasticache", `subnetgroup:${project}-synapse-redis`);
  const namespace = arn("servicediscovery", "namespace/ns-1");
  const name = arn("servicediscovery", "service/srv-1");
  const ourRole = role(`${project}-chat-mcp-task`);
  const alias = arn("kms", `alias/${project}-chat-alarms`);
  const linked = (name: string): Requests[number] => [
    "iam:CreateServiceLinkedRole",
    role(`aws-service-role/${name}/AWSServiceRoleFor`),
    { "iam:AWSServiceName": name },
  ];

  return {
    "a new KMS key, whose tags don't count yet": [
      ["kms:PutKeyPolicy", key],
      ["kms:EnableKeyRotation", key],
      ["kms:CreateAlias", key],
    ],
    "schedules, made, read, changed and removed": [
      "DeleteRule",
      "DescribeRule",
      "ListTagsForResource",
      "ListTargetsByRule",
      "PutRule",
      "PutTargets",
      "RemoveTargets",
      "TagResource",
      "UntagResource",
    ].map((action) => [`events:${action}`, schedule] as const),
    "a change of the KMS key and its alias": [
      ["kms:PutKeyPolicy", key, tagged],
      ["kms:TagResource", key, { ...tagged, ...newTags }],
      ["kms:UntagResource", key, tagged],
      ["kms:UpdateKeyDescription", key, tagged],
      ["kms:UpdateAlias", key, tagged],
      ["kms:UpdateAlias", alias],
      ["kms:DeleteAlias", key, tagged],
    ],
    "target tracking, before its alarms have names": [
      ["cloudwatch:PutMetricAlarm", arn("cloudwatch", "alarm:")],
      ["cloudwatch:DeleteAlarms", arn("cloudwatch", "alarm:")],
    ],
    "the plan's look for another environment in the account": [["tag:GetResources", "*"]],
    "the plan's look for the way out of the subnets": [["ec2:DescribeRouteTables", "*"]],
    "a change of a subscription": [["sns:SetSubscriptionAttributes", "*"]],
    "a vault that is destroyed with its backups": production
      ? []
      : [
          ["backup:DescribeRecoveryPoint", arn("backup", "recovery-point:1")],
          ["backup:DeleteRecoveryPoint", arn("backup", "recovery-point:1")],
        ],
    "the key of a new vault": [
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:GenerateDataKey",
      "kms:RetireGrant",
    ].map((action) => [action, key, { "kms:ViaService": `backup.${REGION}.amazonaws.com` }] as const),
    "a mount target and its security groups": [
      ["ec2:CreateNetworkInterface", arn("ec2", "subnet/subnet-1")],
      ["ec2:CreateNetworkInterface", securityGroup],
      ["elasticfilesystem:ModifyMountTargetSecurityGroups", fileSystem, tagged],
      ["ec2:ModifyNetworkInterfaceAttribute", arn("ec2", "network-interface/eni-1")],
      ["ec2:ModifyNetworkInterfaceAttribute", securityGroup],
    ],
    "an account that never used a service": [
      linked("backup.amazonaws.com"),
      linked("ecs.amazonaws.com"),
      linked("ecs.application-autoscaling.amazonaws.com"),
      linked("elasticache.amazonaws.com"),
      linked("elasticfilesystem.amazonaws.com"),
      linked("ops.apigateway.amazonaws.com"),
    ],
    "a new security group in its VPC": [["ec2:CreateSecurityGroup", arn("ec2", "vpc/vpc-1")]],
    "the access log of an HTTP API": [
      "logs:CreateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:DescribeResourcePolicies",
      "logs:GetLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:UpdateLogDelivery",
    ].map((action) => [action, "*"] as const),
    "a newer provider's reading": [
      ["logs:ListTagsForResource", group],
      ["rds:ListTagsForResource", arn("rds", `db:${project}-db`)],
      ["secretsmanager:ListSecretVersionIds", secret],
      ["iam:ListRoleTags", ourRole],
      ["lambda:ListTags", fn],
      ["sns:ListSubscriptionsByTopic", topic],
    ],
    "a new version of a secret, of which the former loses its label": [
      ["secretsmanager:UpdateSecretVersionStage", secret],
    ],
    "changes in place": [
      ["apigateway:PATCH", api],
      ["apigateway:PATCH", `${api}/routes/b2`],
      [
        "apigateway:POST",
        "arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fa1",
      ],
      [
        "apigateway:DELETE",
        "arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Fapis%2Fa1",
      ],
      ["application-autoscaling:UntagResource", scaling],
      ["backup:UntagResource", vault],
      ["backup:UpdateBackupPlan", arn("backup", "backup-plan:1")],
      ["cloudwatch:UntagResource", alarm],
      ["cognito-idp:UpdateUserPoolClient", pool],
      ["ec2:CreateTags", securityGroup, { ...tagged, ...newTags }],
      ["ec2:DeleteTags", rule, tagged],
      ["ec2:ModifySecurityGroupRules", securityGroup],
      ["ec2:ModifySecurityGroupRules", rule],
      ["ecs:UntagResource", service],
      ["elasticfilesystem:UntagResource", fileSystem, tagged],
      ["elasticfilesystem:TagResource", fileSystem, { ...tagged, ...newTags }],
      ["elasticfilesystem:UpdateFileSystem", fileSystem, tagged],
      ["elasticloadbalancing:ModifyRule", listenerRule],
      ["elasticloadbalancing:ModifyTargetGroup", targetGroup],
      ["elasticloadbalancing:RemoveTags", targetGroup],
      ["elasticloadbalancing:SetRulePriorities", listenerRule],
      ["iam:UntagRole", ourRole],
      ["iam:UpdateAssumeRolePolicy", ourRole],
      ["iam:UpdateRoleDescription", ourRole],
      // A role that was made before there was a boundary gets it first.
      ["iam:PutRolePermissionsBoundary", ourRole],
      ["lambda:DeleteFunctionConcurrency", fn],
      ["lambda:UntagResource", fn],
      ["lambda:UpdateFunctionCode", fn],
      ["lambda:UpdateFunctionConfiguration", fn],
      ["logs:DeleteRetentionPolicy", group],
      ["logs:UntagResource", group],
      ["secretsmanager:UntagResource", secret],
      ["secretsmanager:UpdateSecret", secret],
      ["servicediscovery:UntagResource", "*"],
      ["servicediscovery:UpdatePrivateDnsNamespace", namespace, tagged],
      ["servicediscovery:UpdateService", name, tagged],
      ["sns:UntagResource", topic],
    ],
    "workers, made, changed and removed": [
      ["elasticache:AddTagsToResource", subnets, newTags],
      ["elasticache:AddTagsToResource", redis, newTags],
      ["elasticache:CreateCacheSubnetGroup", subnets],
      ["elasticache:DescribeCacheClusters", "*"],
      ["elasticache:DescribeCacheSubnetGroups", "*"],
      ["elasticache:DescribeReplicationGroups", "*"],
      ["elasticache:ListTagsForResource", redis],
      ["elasticache:DeleteReplicationGroup", redis],
      ["elasticache:ModifyReplicationGroup", redis],
      ["elasticache:RemoveTagsFromResource", redis],
      ["elasticache:CreateReplicationGroup", redis],
      ["elasticache:CreateReplicationGroup", arn("elasticache", "parametergroup:default.redis7")],
      ["elasticache:CreateReplicationGroup", subnets],
      ["elasticache:DeleteCacheSubnetGroup", subnets],
      ["elasticache:ModifyCacheSubnetGroup", subnets],
    ],
    "npm run ops -- sync-members": [["lambda:InvokeFunction", fn]],
    "composite alarms and the budget, which the recorded provider did not make": [
      ["cloudwatch:PutCompositeAlarm", "*"],
      ["cloudwatch:DescribeAlarms", "*"],
      ["cloudwatch:DeleteAlarms", arn("cloudwatch", `alarm:${project}-chat-a-failing`)],
      ["cloudwatch:TagResource", arn("cloudwatch", `alarm:${project}-chat-a-failing`), newTags],
      ["budgets:ModifyBudget", budget],
      ["budgets:ViewBudget", budget],
      ["budgets:TagResource", budget, newTags],
      ["budgets:UntagResource", budget],
      ["budgets:ListTagsForResource", budget],
    ],
    "the certificate of the load balancer's listener": [
      ["elasticloadbalancing:DescribeListeners", "*"],
      ["elasticloadbalancing:DescribeListenerAttributes", "*"],
      ["elasticloadbalancing:DescribeTags", "*"],
    ],
    "npm run ops -- deploy and verify": [
      ["cloudwatch:PutMetricData", "*", { "cloudwatch:namespace": "PhenomChat/Operations" }],
      ["s3:GetObject", `arn:aws:s3:::${state.bucket}/${state.key}`],
      ["ecs:DescribeServices", service],
      ["ecs:DescribeTaskDefinition", "*"],
      ["ecs:DescribeTasks", arn("ecs", `task/${project}-cluster/1`)],
      ["ecs:ListTasks", "*"],
      ["ecs:ListTaskDefinitions", "*"],
      ["ecs:RunTask", task],
      ["ecs:TagResource", arn("ecs", `task/${project}-cluster/1`), { "ecs:CreateAction": "RunTask" }],
      ["ecs:UpdateService", service],
      [
        "iam:PassRole",
        role(`${project}-chat-migration-task`),
        { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
      ],
      ["elasticloadbalancing:DescribeRules", "*"],
      ["elasticloadbalancing:DescribeTargetHealth", "*"],
      ["rds:DescribeDBInstances", arn("rds", `db:${project}-db`)],
      ["cloudwatch:DescribeAlarms", "*"],
      ["logs:FilterLogEvents", `${group}:*`],
      ["logs:GetLogEvents", `${group}:log-stream:task/1`],
      ["secretsmanager:GetSecretValue", arn("secretsmanager", `secret:${project}-chat-agent-AbCdEf`)],
    ],
  };
};

export const moreNeeds = (environment: Environment): readonly Need[] =>
  Object.entries(byReason(environment)).flatMap(([because, requests]) =>
    requests.map(([action, resource, context = {}]) => ({ action, resource, context, because })),
  );
