# Stands for the modules of your repository that make the platform. Each has the outputs that the wiring names.

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
}

variable "rds_master_password" {
  type        = string
  description = "Password of the database's master user"
  ephemeral   = true
}

locals {
  project_name = "phenom-dev"
}

module "networking" {
  source = "./platform/networking"
}

module "alb" {
  source = "./platform/alb"
}

module "ecs" {
  source = "./platform/ecs"
}

module "rds" {
  source          = "./platform/rds"
  master_password = var.rds_master_password
}

module "cognito" {
  source = "./platform/cognito"
}

module "secrets" {
  source = "./platform/secrets"
}
