type InputType = "string" | "number" | "list(string)";

export interface Input {
  /** Name of the Terraform variable and of the remote state's output. */
  readonly name: string;
  readonly type: InputType;
  readonly description: string;
  /** Regular expression for the value or each of its elements, which Terraform checks before it plans. */
  readonly pattern?: string;
  /** The pattern in words, for the error message. */
  readonly shape?: string;
  readonly default?: string | number | readonly string[];
  /** Least value of a number, beside the default. */
  readonly min?: number;
}

const arn = (service: string) => ({ pattern: `^arn:aws[a-z-]*:${service}:`, shape: `the ARN of ${service}` });
const id = (prefix: string) => ({
  pattern: `^${prefix}-[0-9a-f]+$`,
  shape: `an id that begins with ${prefix}-`,
});
const host = {
  pattern: "^(?:[a-zA-Z0-9-]+[.])+[a-zA-Z0-9-]+$",
  shape: "a host name with a dot, without port",
};
/** ECS Service Connect gives its names to the tasks of its own services only, by their proxy. */
const DNS_NAME =
  "whose host has a dot: a single label is a name of ECS Service Connect, which neither Lambda functions nor one-shot " +
  "tasks can resolve. Take the name in Cloud Map or that of an internal load balancer";

/** Existing resources that belong to others. */
export const inputTable = {
  vpcId: { name: "vpc_id", type: "string", description: "VPC of the platform", ...id("vpc") },
  privateSubnetIds: {
    name: "private_subnet_ids",
    type: "list(string)",
    description: "Private subnets with a route to the internet through NAT",
    ...id("subnet"),
  },
  natGatewayIds: {
    name: "nat_gateway_ids",
    type: "list(string)",
    description: "NAT gateways of these subnets, whose ports are watched",
    ...id("nat"),
    default: [],
  },
  ecsClusterArn: {
    name: "ecs_cluster_id",
    type: "string",
    description: "ECS cluster that the tasks run in (its id is its ARN)",
    ...arn("ecs"),
  },
  ecsClusterName: { name: "ecs_cluster_name", type: "string", description: "Name of that cluster" },
  albListenerArn: {
    name: "alb_listener_arn",
    type: "string",
    description: "HTTPS listener of the load balancer",
    ...arn("elasticloadbalancing"),
  },
  albArnSuffix: {
    name: "alb_arn_suffix",
    type: "string",
    description: "End of the load balancer's ARN, as its metrics name it",
    pattern: "^app/[a-zA-Z0-9-]+/[0-9a-f]+$",
    shape: "the end of its ARN, app/<name>/<id>",
  },
  albSecurityGroupId: {
    name: "alb_security_group_id",
    type: "string",
    description: "Security group of the load balancer",
    ...id("sg"),
  },
  albDnsName: { name: "alb_dns_name", type: "string", description: "DNS name of the load balancer", ...host },
  ecsTasksSecurityGroupId: {
    name: "ecs_tasks_security_group_id",
    type: "string",
    description: "Security group of the platform's ECS tasks",
    ...id("sg"),
  },
  rdsHost: { name: "rds_endpoint", type: "string", description: "Host name of the RDS instance", ...host },
  rdsInstanceIdentifier: {
    name: "rds_instance_identifier",
    type: "string",
    description: "Identifier of the RDS instance",
    pattern: "^[a-z](?:[a-z0-9-]*[a-z0-9])?$",
    shape: "an instance identifier of lower-case letters, digits and hyphens",
  },
  rdsPort: { name: "rds_port", type: "number", description: "Port of the RDS instance" },
  rdsDatabase: { name: "rds_database", type: "string", description: "Database of Hasura" },
  rdsSecurityGroupId: {
    name: "rds_security_group_id",
    type: "string",
    description: "Security group of the RDS instance",
    ...id("sg"),
  },
  rdsMasterSecretArn: {
    name: "rds_master_secret_arn",
    type: "string",
    description: "Secret with username and password of the RDS master user",
    ...arn("secretsmanager"),
  },
  userPoolId: {
    name: "cognito_user_pool_id",
    type: "string",
    description: "Cognito user pool of the platform",
    pattern: "^[a-z-]+-[0-9]_[A-Za-z0-9]+$",
    shape: "a user pool id",
  },
  userPoolArn: {
    name: "cognito_user_pool_arn",
    type: "string",
    description: "ARN of that user pool",
    ...arn("cognito-idp"),
  },
  cognitoDomain: {
    name: "cognito_domain",
    type: "string",
    description: "Prefix of the user pool's hosted domain",
    pattern: "^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$",
    shape: "a domain prefix of lower-case letters, digits and hyphens",
  },
  hasuraEndpoint: {
    name: "hasura_endpoint",
    type: "string",
    description: "GraphQL endpoint of Hasura inside the VPC",
    pattern: "^http://(?:[a-zA-Z0-9-]+[.])+[a-zA-Z0-9-]+:[0-9]+/v1/graphql$",
    shape: `http://<host>:<port>/v1/graphql, ${DNS_NAME}`,
  },
  hasuraAdminSecretArn: {
    name: "hasura_admin_secret_arn",
    type: "string",
    description: "Secret that holds Hasura's admin secret",
    ...arn("secretsmanager"),
  },
  hasuraPublicPath: {
    name: "hasura_public_path",
    type: "string",
    description:
      "Public path of Hasura's GraphQL on the server name; its listener rule belongs to the platform",
    pattern: "^/",
    shape: "a path that begins with /",
    default: "/api/graphql",
  },
  hasuraTargetGroup: {
    name: "hasura_target_group_arn_suffix",
    type: "string",
    description: "End of the ARN of Hasura's target group, as its metrics name it",
    pattern: "^targetgroup/[a-zA-Z0-9-]+/[0-9a-f]+$",
    shape: "the end of its ARN, targetgroup/<name>/<id>",
  },
  agentSecretArn: {
    name: "agent_secret_arn",
    type: "string",
    description: "Secret with AGENT_USERNAME and AGENT_PASSWORD of the agent's account",
    ...arn("secretsmanager"),
  },
  dockerhubCredentialsArn: {
    name: "dockerhub_credentials_arn",
    type: "string",
    description: "Secret with username and password for the private images",
    ...arn("secretsmanager"),
  },
  cloudflareZoneId: {
    name: "cloudflare_zone_id",
    type: "string",
    description: "Cloudflare zone of the server name",
    pattern: "^[0-9a-f]{32}$",
    shape: "32 hexadecimal digits",
  },
  alarmEmails: {
    name: "alarm_emails",
    type: "list(string)",
    description: "Mail addresses of the alarms; each confirms its subscription once",
    pattern: "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$",
    shape: "a mail address",
  },
  pagerEndpoints: {
    name: "pager_endpoints",
    type: "list(string)",
    description:
      "HTTPS addresses that get the pages, such as a pager's; the mail addresses get them too. Plans show them",
    pattern: "^https://",
    shape: "an address that begins with https://",
    default: [],
  },
  monthlyBudget: {
    name: "monthly_budget_usd",
    type: "number",
    description:
      "US dollars a month above which the mail addresses get a message, by costs with the tag Project; 0 for no budget",
    min: 1,
    shape: "a whole number from 1 up, or 0 for no budget",
    default: 0,
  },
  rdsReplicas: {
    name: "rds_replica_identifiers",
    type: "list(string)",
    description: "Identifiers of the read replicas of the RDS instance, whose lag is watched",
    pattern: "^[a-z](?:[a-z0-9-]*[a-z0-9])?$",
    shape: "an instance identifier of lower-case letters, digits and hyphens",
    default: [],
  },
  contentEndpoint: {
    name: "content_endpoint",
    type: "string",
    description: "GraphQL endpoint of Phenom's content; Hasura's if empty",
    pattern: "^https?://(?:[a-zA-Z0-9-]+[.])+[a-zA-Z0-9-]+(?:[:/]|$)",
    shape: `an http or https URL, ${DNS_NAME}`,
    default: "",
  },
  contentQuery: {
    name: "content_query",
    type: "string",
    description:
      "GraphQL document with one variable id and the fields title, description, thumbnail_url, media_type",
    pattern: "\\$id",
    shape: "a GraphQL document with the variable $id",
  },
  contentRole: {
    name: "content_role",
    type: "string",
    description:
      "Hasura role that the content query runs as, where Hasura answers it: everybody in the chat sees what this role may",
    pattern: "^[A-Za-z0-9_-]{1,64}$",
    shape: "the name of a role of Hasura",
    default: "anonymous",
  },
  userProvisionerConcurrency: {
    name: "user_provisioner_concurrency",
    type: "number",
    description:
      "Reserved concurrency of the user provisioner, which opens one database connection for each invocation; -1 for " +
      "none. Lambda keeps 100 of an account's concurrency unreserved, so an account needs a quota of 100 more",
    min: 1,
    shape: "a whole number from 1 up, or -1 for no reservation (0 would refuse every sign-in)",
    default: -1,
  },
  secretKmsKeyArns: {
    name: "secret_kms_key_arns",
    type: "list(string)",
    description:
      "Customer managed keys of the secrets among these inputs; none if AWS's own key encrypts them",
    ...arn("kms"),
    default: [],
  },
} as const satisfies Record<string, Input>;

/** The inputs as a list. */
export const allInputs: readonly Input[] = Object.values(inputTable);

type Key = keyof typeof inputTable;
type Value<T extends InputType> = T extends "number" ? number : T extends "list(string)" ? string[] : string;

/** References to existing resources. Terraform knows the values, synthesis does not. */
export type Platform = { readonly [K in Key]: Value<(typeof inputTable)[K]["type"]> };
