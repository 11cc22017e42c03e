output "https_listener_arn" {
  value = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/phenom-dev-alb/50dc6c495c0c9188/f2f7dc8efc522ab2"
}

output "security_group_id" {
  value = "sg-0a1b2c3d4e5f60731"
}
