output "vpc_id" {
  value = "vpc-0a1b2c3d4e5f60718"
}

output "private_subnet_ids" {
  value = ["subnet-0a1b2c3d4e5f60711", "subnet-0a1b2c3d4e5f60722"]
}

output "ecs_tasks_sg_id" {
  value = "sg-0a1b2c3d4e5f60732"
}
