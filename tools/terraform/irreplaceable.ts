import type { ResourceChange } from "./plan-json.ts";

/**
 * Types of resources that hold something of their own, and what is lost when one is destroyed, replaced or forgotten. All
 * that production protects is among them; a test compares.
 */
export const irreplaceableTypes: ReadonlyMap<string, string> = new Map([
  ["aws_backup_vault", "its backups"],
  ["aws_cloudwatch_log_group", "its log lines"],
  ["aws_cognito_user", "the account and its password"],
  ["aws_cognito_user_pool", "every person's account and password"],
  ["aws_cognito_user_pool_client", "its id and secret, which programs know"],
  ["aws_cognito_user_pool_domain", "the address of the sign-in page"],
  ["aws_db_instance", "the database"],
  ["aws_dynamodb_table", "its items"],
  ["aws_ecr_repository", "its images"],
  ["aws_efs_file_system", "all its files"],
  ["aws_kms_key", "everything that is encrypted with it"],
  ["aws_rds_cluster", "the database"],
  ["aws_s3_bucket", "its objects"],
  ["aws_secretsmanager_secret", "the secret's value"],
  ["aws_secretsmanager_secret_version", "this value of the secret"],
  ["aws_ssm_parameter", "its value"],
  ["random_password", "the password"],
  ["tls_private_key", "the key"],
]);

/** Whether the change loses what can't be made again. */
export const isLoss = (resource: Pick<ResourceChange, "type" | "change">): boolean =>
  irreplaceableTypes.has(resource.type) &&
  !comesFromConfiguration(resource) &&
  (resource.change.actions.includes("delete") || resource.change.actions.includes("forget"));

/**
 * Whether the value of a secret is in the configuration, such as `homeserver.yaml`. Generated values are written to AWS
 * alone, so that Terraform keeps no text of them.
 */
export const comesFromConfiguration = ({ type, change }: Pick<ResourceChange, "type" | "change">): boolean =>
  type === "aws_secretsmanager_secret_version" &&
  typeof change.before === "object" &&
  change.before !== null &&
  "secret_string" in change.before &&
  Boolean(change.before.secret_string);
