import type { Outputs } from "../../tools/ops/outputs.ts";

const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:123456789012:${rest}`;
const network = { subnets: ["subnet-1"], security_groups: ["sg-1"] };
const service = (name: string, image: string, targetGroup: string) => ({
  name,
  container: name,
  image,
  task_definition: arn("ecs", `task-definition/${name}:7`),
  target_group: arn("elasticloadbalancing", `targetgroup/${targetGroup}/0123456789abcdef`),
  log_group: `/ecs/${name}`,
});
const oneShot = (family: string, address: string) => ({
  cluster: "phenom-dev-cluster",
  family,
  container: family,
  ...network,
  log_group: `/ecs/${family}`,
  addresses: [`aws_ecs_task_definition.${address}`],
});

/** Outputs of development, shortened; the end-to-end tests use those of the stack itself. */
export const exampleOutputs: Outputs = {
  account_id: "123456789012",
  release: "1.2.3",
  cluster: "phenom-dev-cluster",
  services: {
    synapse: {
      ...service("phenom-dev-synapse", "example/phenom-synapse:1.2.3", "phenom-dev-syn-tg"),
      most_tasks: 1,
    },
    mcp: {
      ...service("phenom-dev-chat-mcp", "example/phenom-chat-mcp:1.2.3", "phenom-dev-mcp-tg"),
      least_tasks: 1,
      most_tasks: 2,
    },
  },
  one_shot_tasks: {
    database_setup: oneShot("phenom-dev-synapse-db-setup", "chat_synapse_database_setup"),
    migration: oneShot("phenom-dev-chat-migration", "chat_hasura_lite_migration"),
    metadata: oneShot("phenom-dev-chat-hasura-metadata", "chat_hasura_lite_metadata"),
    bootstrap: oneShot("phenom-dev-chat-bootstrap", "chat_synapse_bootstrap"),
  },
  functions: {
    link_preview: { name: "phenom-dev-link-preview", log_group: "/aws/lambda/phenom-dev-link-preview" },
  },
  listener_rules: {},
  dns_record: {
    zone_id: "0123456789abcdef0123456789abcdef",
    name: "localhost",
    content: "phenom-dev-alb-1234567890.us-east-1.elb.amazonaws.com",
    proxied: true,
  },
  database: {
    identifier: "phenom-dev",
    host: "phenom-dev-db.cabcdefghijk.us-east-1.rds.amazonaws.com",
    port: 5432,
  },
  migrations: {},
  inputs: {
    rds_port: 5432,
    private_subnet_ids: ["subnet-1"],
    synapse_image_tag: "1.2.3",
    mcp_image_tag: "1.2.3",
  },
  sign_in: {
    user_pool_id: "us-east-1_AbCdEfGhI",
    domain: "phenom-dev",
    agent_secret_arn: arn("secretsmanager", "secret:agent"),
  },
  urls: { mcp: "https://chat.example.org/mcp", mcp_health: "https://chat.example.org/mcp/health" },
  cognito_client_ids: { agent: "agent-client", mcp_interactive: "mcp-client" },
  secret_arns: { clients: arn("secretsmanager", "secret:clients") },
};

/** A Terraform state with these outputs. */
export const stateOf = (outputs: object): string =>
  JSON.stringify({
    version: 4,
    terraform_version: "1.11.4",
    serial: 1,
    lineage: "test",
    outputs: Object.fromEntries(
      Object.entries(outputs).map(([name, value]) => [name, { value, type: "dynamic" }]),
    ),
    resources: [],
  });
