import * as z from "zod";

/** What a stage knows of an environment's inputs. */
export const stageInputs = z.object({
  rds_endpoint: z.string(),
  rds_port: z.number(),
  rds_database: z.string(),
  rds_instance_identifier: z.string(),
  rds_master_secret_arn: z.string(),
  cognito_domain: z.string(),
  hasura_endpoint: z.string(),
  hasura_admin_secret_arn: z.string(),
  hasura_public_path: z.string(),
  agent_secret_arn: z.string(),
  ecs_cluster_name: z.string(),
});
export type StageInputs = z.infer<typeof stageInputs>;

/** And of its outputs. */
export const stageOutputs = z.object({
  services: z.record(z.string(), z.object({ name: z.string() })),
  one_shot_tasks: z.record(z.string(), z.object({ family: z.string() })),
  hasura_event_trigger: z
    .object({ environment_variable: z.string(), secret_arn: z.string(), webhook_url: z.string() })
    .nullish(),
  cognito_triggers: z.object({ post_authentication: z.string(), pre_token_generation: z.string() }).nullish(),
});
export type StageOutputs = z.infer<typeof stageOutputs>;
