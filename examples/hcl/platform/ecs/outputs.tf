output "cluster_id" {
  value = "arn:aws:ecs:us-east-1:123456789012:cluster/phenom-dev-cluster"
}

# A name that the VPC's DNS resolves. A name of ECS Service Connect, without a dot, is refused.
output "graphql_service_name" {
  value = "graphql.phenom-dev.internal"
}
