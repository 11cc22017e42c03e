/**
 * Types of resources that hold something of their own: when one is destroyed or replaced, its data, keys or identity are
 * lost. All that production protects is among them; a test compares.
 */
export const irreplaceableTypes: ReadonlySet<string> = new Set([
  "aws_backup_vault",
  "aws_cloudwatch_log_group",
  "aws_cognito_user",
  "aws_cognito_user_pool",
  "aws_cognito_user_pool_client",
  "aws_cognito_user_pool_domain",
  "aws_db_instance",
  "aws_dynamodb_table",
  "aws_ecr_repository",
  "aws_efs_file_system",
  "aws_kms_key",
  "aws_rds_cluster",
  "aws_s3_bucket",
  "aws_secretsmanager_secret",
  "aws_secretsmanager_secret_version",
  "aws_ssm_parameter",
  "random_password",
  "tls_private_key",
]);
