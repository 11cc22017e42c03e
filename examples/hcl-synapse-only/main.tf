# Implementation A alone: Synapse with its admin UI behind a sign-in, secrets by their ARNs, and the MCP server on Matrix.
# The platform is that of examples/hcl.

module "chat_shared" {
  source               = "../../dist/modules/chat-shared"
  project_name         = local.project_name
  cognito_user_pool_id = module.cognito.user_pool_id
  cognito_domain       = module.cognito.domain
  synapse_server_name  = "chat-testing.thephenom.app"
  admin_sign_in        = true
}

module "chat_synapse" {
  source                      = "../../dist/modules/chat-synapse"
  project_name                = local.project_name
  vpc_id                      = module.networking.vpc_id
  private_subnet_ids          = module.networking.private_subnet_ids
  ecs_cluster_id              = module.ecs.cluster_id
  alb_listener_arn            = module.alb.https_listener_arn
  alb_security_group_id       = module.alb.security_group_id
  ecs_tasks_security_group_id = module.networking.ecs_tasks_sg_id
  server_name                 = "chat-testing.thephenom.app"
  rds_host                    = module.rds.endpoint
  cognito_user_pool_id        = module.cognito.user_pool_id
  cognito_oidc_client_id      = module.chat_shared.synapse_oidc_client_id
  dockerhub_credentials_arn   = var.dockerhub_credentials_arn

  use_secret_arns         = true
  rds_master_secret_arn   = module.secrets.rds_master_secret_arn
  cognito_oidc_secret_arn = module.chat_shared.clients_secret_arn

  admin_access         = "cognito"
  admin_client_id      = module.chat_shared.admin_client_id
  add_admin_ui_ingress = true

  rds_security_group_id = module.rds.security_group_id
  add_database_ingress  = true
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
  backend_type                = "synapse"
  synapse_url                 = module.chat_synapse.internal_url
  synapse_bot_secret_arn      = module.chat_synapse.bot_secret_arn
  clients_secret_arn          = module.chat_shared.clients_secret_arn
  dockerhub_credentials_arn   = var.dockerhub_credentials_arn
  add_alb_ingress             = true
  alb_security_group_id       = module.alb.security_group_id
}
