output "user_pool_id" {
  value = "us-east-1_AbCdEfGhI"
}

output "domain" {
  value = "phenom-dev"
}
