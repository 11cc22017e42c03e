variable "master_password" {
  type      = string
  ephemeral = true
}

# As the attribute endpoint of aws_db_instance, with the port.
output "endpoint" {
  value = "phenom-dev-db.cabcdefghijk.us-east-1.rds.amazonaws.com:5432"
}

output "port" {
  value = 5432
}

output "database" {
  value = "phenom"
}

output "master_username" {
  value = "phenom"
}

output "master_password" {
  value     = var.master_password
  ephemeral = true
}

output "security_group_id" {
  value = "sg-0a1b2c3d4e5f60733"
}
