output "chat_secrets_arn" {
  value = "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-dev-chat-agent-AbCdEf"
}

output "hasura_admin_secret_arn" {
  value = "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-dev-hasura-admin-AbCdEf"
}

# Username and password of the database's master user, as RDS manages them.
output "rds_master_secret_arn" {
  value = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9-AbCdEf"
}
