import * as z from "zod";

/** An ECS service as it should run. */
const service = z.object({
  name: z.string(),
  container: z.string(),
  image: z.string(),
  task_definition: z.string(),
  log_group: z.string(),
  /** None if the service receives no traffic. */
  target_group: z.string().optional(),
  least_tasks: z.number().optional(),
  most_tasks: z.number().optional(),
});

/** A task definition to run once, and where. */
const oneShotTask = z.object({
  cluster: z.string(),
  family: z.string(),
  container: z.string(),
  subnets: z.array(z.string()).min(1),
  security_groups: z.array(z.string()).min(1),
  log_group: z.string(),
  /** Terraform addresses of the resources that the task needs. */
  addresses: z.array(z.string()).min(1),
});

const listenerRule = z.object({
  arn: z.string(),
  priority: z.number(),
  host: z.string(),
  paths: z.array(z.string()),
  actions: z.array(z.string()),
  target_group: z.string().optional(),
});

/**
 * The outputs of an environment's stack: the stack writes them by this schema, and operations parse them with it.
 * At synthesis the values are references, so only their types hold; Terraform writes the values themselves.
 */
export const outputsSchema = z.object({
  account_id: z
    .string()
    .regex(/^\d{12}$/)
    .describe("AWS account of the environment; operations refuse any other"),
  release: z.string().describe("Version of the applied code"),
  inputs: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("Values of the Terraform variables, none of them secret: redeploy applies with them again"),
  cluster: z.string().describe("ECS cluster of the services and one-shot tasks"),
  services: z.record(z.string(), service).describe("ECS services in their desired state"),
  one_shot_tasks: z
    .record(z.string(), oneShotTask)
    .describe("One-shot tasks: where they run, and the Terraform addresses to apply before they can"),
  functions: z
    .record(z.string(), z.object({ name: z.string(), log_group: z.string() }))
    .describe("Lambda functions by handler"),
  listener_rules: z
    .record(z.string(), listenerRule)
    .describe("Listener rules of the load balancer in their desired state"),
  dns_record: z
    .object({ zone_id: z.string(), name: z.string(), content: z.string(), proxied: z.boolean() })
    .describe("DNS record of the server name at Cloudflare"),
  database: z.object({ identifier: z.string(), host: z.string(), port: z.number() }).describe("RDS instance"),
  migrations: z
    .record(z.string(), z.string())
    .optional()
    .describe("Checksums of the migrations that the database should have applied"),
  sign_in: z
    .object({ user_pool_id: z.string(), domain: z.string(), agent_secret_arn: z.string() })
    .describe("User pool that people and agents sign in to, and the secret with the agent's account"),
  urls: z
    .object({
      homeserver: z.string().optional(),
      admin_ui: z.string().optional(),
      graphql: z.string().optional(),
      mcp: z.string(),
      mcp_health: z.string(),
    })
    .describe("Public URLs of the chat"),
  mcp_connect: z
    .record(z.string(), z.string())
    .describe("What a person types to connect an MCP client; the browser then opens for the sign-in"),
  secret_arns: z
    .object({ clients: z.string() })
    .catchall(z.string().optional())
    .describe("Secrets of this stack"),
  cognito_triggers: z
    .object({
      post_authentication: z.string(),
      post_confirmation: z.string(),
      pre_token_generation: z.string(),
    })
    .optional()
    .describe(
      "Functions that the owner of the user pool attaches to it: in lambda_config of aws_cognito_user_pool set " +
        "post_authentication and post_confirmation to the first, and pre_token_generation_config { lambda_arn, " +
        "lambda_version V2_0 } to the second. Both already allow the pool to invoke them",
    ),
  hasura_event_trigger: z
    .object({ webhook_url: z.string(), environment_variable: z.string(), secret_arn: z.string() })
    .optional()
    .describe(
      "For the owner of Hasura's service: set CHAT_LINK_PREVIEW_SECRET from the secret, before the metadata task runs",
    ),
  synapse_homeserver_yaml: z
    .string()
    .optional()
    .describe("homeserver.yaml as deployed, so that a plan shows its changes"),
  cognito_client_ids: z
    .object({
      agent: z.string(),
      mcp_interactive: z.string(),
      synapse: z.string().optional(),
      admin: z.string().optional(),
    })
    .describe("Cognito clients"),
  dashboard: z.string().describe("CloudWatch dashboard of this environment"),
  alarm_topic_arn: z.string().describe("SNS topic of the alarms that are tickets"),
  page_topic_arn: z.string().describe("SNS topic of the alarms that wake somebody"),
  chatConfig: z
    .object({
      synapse: z.object({ homeserverUrl: z.string(), serverName: z.string() }).optional(),
      hasura: z.object({ httpEndpoint: z.string(), wsEndpoint: z.string() }).optional(),
      cognito: z.object({
        userPoolId: z.string(),
        region: z.string(),
        clientId: z.string(),
        domain: z.string(),
        signOutUrl: z.string(),
      }),
      rooms: z.object({ internal: z.string(), partners: z.string(), community: z.string() }),
    })
    .describe("Configuration of the mobile app"),
});

/** The outputs of an environment's stack. */
export type StackOutputs = z.output<typeof outputsSchema>;
export type ServiceOutput = z.output<typeof service>;
export type OneShotTask = z.output<typeof oneShotTask>;
