# Stands for the modules of your repository that make the platform.

terraform {
  required_version = ">= 1.11.0"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.27"
    }
  }
}

provider "aws" {
  region = "us-east-1"
}

variable "dockerhub_credentials_arn" {
  type        = string
  description = "Secret with username and password for the private images"
  default     = "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-dev-dockerhub-AbCdEf"
}

locals {
  project_name = "phenom-dev"
}

module "networking" {
  source = "../hcl/platform/networking"
}

module "alb" {
  source = "../hcl/platform/alb"
}

module "ecs" {
  source = "../hcl/platform/ecs"
}

module "rds" {
  source          = "../hcl/platform/rds"
  master_password = null
}

module "cognito" {
  source = "../hcl/platform/cognito"
}

module "secrets" {
  source = "../hcl/platform/secrets"
}
