# Implementation B alone: Hasura with link previews, and the MCP server on it. The platform is that of examples/hcl.

module "chat_shared" {
  source               = "../../dist/modules/chat-shared"
  project_name         = local.project_name
  cognito_user_pool_id = module.cognito.user_pool_id
  cognito_domain       = module.cognito.domain
  synapse_server_name  = "chat-testing.thephenom.app"
}

module "chat_link_preview" {
  source                      = "../../dist/modules/chat-link-preview"
  project_name                = local.project_name
  vpc_id                      = module.networking.vpc_id
  private_subnet_ids          = module.networking.private_subnet_ids
  ecs_tasks_security_group_id = module.networking.ecs_tasks_sg_id
  rds_security_group_id       = module.rds.security_group_id
  hasura_endpoint             = local.hasura_endpoint
  hasura_admin_secret_arn     = module.secrets.hasura_admin_secret_arn
  content_query               = "query Phenom($id: String!) { content: phenoms_by_pk(id: $id) { title description thumbnail_url media_type } }"
}

module "chat_hasura_lite" {
  source                      = "../../dist/modules/chat-hasura-lite"
  project_name                = local.project_name
  private_subnet_ids          = module.networking.private_subnet_ids
  ecs_tasks_security_group_id = module.networking.ecs_tasks_sg_id
  lambda_security_group_id    = module.chat_link_preview.lambda_security_group_id
  rds_host                    = module.rds.endpoint
  rds_database                = module.rds.database
  rds_master_secret_arn       = module.secrets.rds_master_secret_arn
  cognito_user_pool_id        = module.cognito.user_pool_id
  hasura_endpoint             = local.hasura_endpoint
  hasura_admin_secret_arn     = module.secrets.hasura_admin_secret_arn
  link_preview_url            = module.chat_link_preview.webhook_url
}

module "chat_mcp_server" {
  source                      = "../../dist/modules/chat-mcp-server"
  project_name                = local.project_name
  vpc_id                      = module.networking.vpc_id
  private_subnet_ids          = module.networking.private_subnet_ids
  ecs_cluster_id              = module.ecs.cluster_id
  alb_listener_arn            = module.alb.https_listener_arn
  ecs_tasks_security_group_id = module.networking.ecs_tasks_sg_id
  server_name                 = "chat-testing.thephenom.app"
  backend_type                = "hasura"
  hasura_endpoint             = local.hasura_endpoint
  chat_secrets_arn            = module.secrets.chat_secrets_arn
  clients_secret_arn          = module.chat_shared.clients_secret_arn
  dockerhub_credentials_arn   = var.dockerhub_credentials_arn

  # Where the load balancer is not let into the ECS tasks' group yet.
  add_alb_ingress       = true
  alb_security_group_id = module.alb.security_group_id
}
