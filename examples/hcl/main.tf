# The five modules, wired as the deployment guide's "Environment Wiring" does, with the two that it leaves out.
# In your own repository keep your modules networking, alb, ecs, rds, cognito and secrets in place of platform/.

module "chat_shared" {
  source               = "../../dist/modules/chat-shared"
  project_name         = local.project_name
  environment          = "development"
  cognito_user_pool_id = module.cognito.user_pool_id
  cognito_domain       = module.cognito.domain
  synapse_server_name  = "chat-testing.thephenom.app"
}

module "chat_synapse" {
  source                      = "../../dist/modules/chat-synapse"
  project_name                = local.project_name
  environment                 = "development"
  vpc_id                      = module.networking.vpc_id
  private_subnet_ids          = module.networking.private_subnet_ids
  ecs_cluster_id              = module.ecs.cluster_id
  alb_listener_arn            = module.alb.https_listener_arn
  alb_security_group_id       = module.alb.security_group_id
  ecs_tasks_security_group_id = module.networking.ecs_tasks_sg_id
  server_name                 = "chat-testing.thephenom.app"
  rds_host                    = module.rds.endpoint
  rds_port                    = module.rds.port
  rds_master_username         = module.rds.master_username
  rds_master_password         = module.rds.master_password
  cognito_user_pool_id        = module.cognito.user_pool_id
  cognito_oidc_client_id      = module.chat_shared.synapse_oidc_client_id
  cognito_oidc_client_secret  = module.chat_shared.synapse_oidc_client_secret
  dockerhub_credentials_arn   = var.dockerhub_credentials_arn
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
  hasura_endpoint             = "http://${module.ecs.graphql_service_name}:8080/v1/graphql"
  chat_secrets_arn            = module.secrets.chat_secrets_arn
  backend_type                = "hasura"
  dockerhub_credentials_arn   = var.dockerhub_credentials_arn
}

module "chat_link_preview" {
  source                      = "../../dist/modules/chat-link-preview"
  project_name                = local.project_name
  vpc_id                      = module.networking.vpc_id
  private_subnet_ids          = module.networking.private_subnet_ids
  ecs_tasks_security_group_id = module.networking.ecs_tasks_sg_id
  rds_security_group_id       = module.rds.security_group_id
  hasura_endpoint             = "http://${module.ecs.graphql_service_name}:8080/v1/graphql"
  hasura_admin_secret_arn     = module.secrets.hasura_admin_secret_arn
  content_query               = "query Phenom($id: String!) { content: phenoms_by_pk(id: $id) { title description thumbnail_url media_type } }"
  content_role                = "anonymous"
}

module "chat_hasura_lite" {
  source                      = "../../dist/modules/chat-hasura-lite"
  project_name                = local.project_name
  private_subnet_ids          = module.networking.private_subnet_ids
  ecs_tasks_security_group_id = module.networking.ecs_tasks_sg_id
  lambda_security_group_id    = module.chat_link_preview.lambda_security_group_id
  rds_host                    = module.rds.endpoint
  rds_database                = module.rds.database
  rds_master_secret_arn       = module.chat_synapse.database_master_secret_arn
  cognito_user_pool_id        = module.cognito.user_pool_id
  hasura_endpoint             = "http://${module.ecs.graphql_service_name}:8080/v1/graphql"
  hasura_admin_secret_arn     = module.secrets.hasura_admin_secret_arn
  link_preview_url            = module.chat_link_preview.webhook_url
}
