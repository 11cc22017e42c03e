import { DataAwsCognitoUserPool } from "@cdktf/provider-aws/lib/data-aws-cognito-user-pool";
import { DataAwsVpc } from "@cdktf/provider-aws/lib/data-aws-vpc";
import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import { VpcSecurityGroupEgressRule } from "@cdktf/provider-aws/lib/vpc-security-group-egress-rule";
import { TerraformOutput, Token } from "cdktf";
import type { Deployment } from "../../constructs/deployment.ts";
import { Secret, type SecretValue, secretValue } from "../../constructs/generated-secret.ts";
import { development } from "../../environments/development.ts";
import { type AdminAccess, ChatSynapse } from "../../modules/chat-synapse/index.ts";
import {
  common,
  flag,
  hostOf,
  imageTag,
  imageUri,
  optional,
  priority,
  rdsHost,
  secretVersions,
  serverName,
  shared,
  versionOf,
} from "./inputs.ts";
import type { TerraformModule } from "./module.ts";
import { MAIN, ModuleStack, number, text, userPoolArn } from "./module-stack.ts";

const { priorities, services } = development;

/** Generated secrets whose version the caller may raise. The signing key is the server's identity. */
const generated = [
  "registration_shared_secret",
  "macaroon_secret_key",
  "form_secret",
  "database_password",
  "bot_password",
  "admin_bot_password",
] as const;
const version = (name: (typeof generated)[number]) => number(versionOf(name));

const needed = (name: string, condition: string, remedy: string) => ({
  rules: [{ condition: `!(${condition}) || var.${name} != null`, remedy }],
});

const inputs = {
  ...common,
  vpc_id: shared.vpc_id,
  private_subnet_ids: shared.private_subnet_ids,
  ecs_cluster_id: shared.ecs_cluster_id,
  alb_listener_arn: shared.alb_listener_arn,
  alb_security_group_id: shared.alb_security_group_id,
  ecs_tasks_security_group_id: shared.ecs_tasks_security_group_id,
  server_name: {
    ...serverName,
    description: "Host name of the homeserver, part of every user's and room's id; can't be changed later",
  },
  rds_host: rdsHost,
  rds_port: optional(shared.rds_port, 5432),
  rds_security_group_id: {
    ...optional(shared.rds_security_group_id),
    description:
      "Security group of the RDS instance. Without it Synapse may reach the port in the whole VPC, and nowhere else",
  },
  use_secret_arns: flag(
    "Whether rds_master_secret_arn and cognito_oidc_secret_arn are given in place of the values themselves",
  ),
  rds_master_username: {
    type: "string",
    description: "Master user of the RDS instance, for the database setup task",
    default: null,
    ...needed(
      "rds_master_username",
      "!var.use_secret_arns",
      "set it with rds_master_password, or set use_secret_arns and rds_master_secret_arn",
    ),
  },
  rds_master_password: {
    type: "string",
    description: "Its password. It goes into a secret, and into no plan and no state",
    default: null,
    ephemeral: true,
  },
  rds_master_password_version: {
    type: "number",
    description: "Raise it by one when the password has changed",
    default: 1,
    min: 1,
    shape: "a whole number from 1 up",
  },
  rds_master_secret_arn: {
    ...optional(shared.rds_master_secret_arn),
    ...needed(
      "rds_master_secret_arn",
      "var.use_secret_arns",
      "use_secret_arns needs the secret with username and password of the master user",
    ),
  },
  cognito_user_pool_id: shared.cognito_user_pool_id,
  cognito_domain: {
    ...optional(shared.cognito_domain),
    description: "Prefix of the user pool's hosted domain; that of the pool if it is left out",
  },
  cognito_oidc_client_id: {
    type: "string",
    description: "Client id of Synapse, from chat-shared",
    pattern: "^[a-z0-9]+$",
    shape: "a client id, the output synapse_oidc_client_id of chat-shared",
  },
  cognito_oidc_client_secret: {
    type: "string",
    description: "Secret of that client. It goes into a secret, and into no plan and no state of this module",
    default: null,
    ephemeral: true,
  },
  cognito_oidc_secret_arn: {
    type: "string",
    description:
      "Secret with the key synapse_oidc_client_secret, the output clients_secret_arn of chat-shared",
    pattern: "^arn:aws[a-z-]*:secretsmanager:",
    shape: "the ARN of a secret",
    default: null,
    ...needed(
      "cognito_oidc_secret_arn",
      "var.use_secret_arns",
      "use_secret_arns needs the output clients_secret_arn of chat-shared",
    ),
  },
  dockerhub_credentials_arn: shared.dockerhub_credentials_arn,
  secret_kms_key_arns: shared.secret_kms_key_arns,
  admin_access: {
    type: "string",
    description:
      "Who reaches the admin API and the admin UI: nobody (closed), or who signs in to the user pool (cognito)",
    pattern: "^(?:closed|cognito)$",
    shape: "closed or cognito",
    default: "closed",
  },
  admin_client_id: {
    type: "string",
    description: "Client of the load balancer, the output admin_client_id of chat-shared with admin_sign_in",
    default: null,
    ...needed(
      "admin_client_id",
      'var.admin_access == "cognito"',
      "admin_access cognito needs the output admin_client_id of chat-shared, whose admin_sign_in must be true",
    ),
  },
  add_database_ingress: {
    ...flag("Whether to let Synapse into the database's security group"),
    rules: [
      {
        condition: "!var.add_database_ingress || var.rds_security_group_id != null",
        remedy: "the rule needs rds_security_group_id, the database's security group",
      },
    ],
  },
  add_admin_ui_ingress: flag(
    "Whether to let the load balancer into the ECS tasks' security group, at the admin UI's port 80",
  ),
  admin_api_priority: priority("the admin API", priorities.adminApi, "admin_api_priority"),
  homeserver_priority: priority("the homeserver", priorities.synapse, "homeserver_priority"),
  admin_ui_priority: priority("the admin UI", priorities.adminUi, "admin_ui_priority"),
  admin_ui_redirect_priority: priority(
    "the redirect to the admin UI",
    priorities.adminUiRedirect,
    "admin_ui_redirect_priority",
  ),
  synapse_image_tag: imageTag("synapse", "synapse_image_tag"),
  synapse_admin_image_tag: imageTag("synapseAdmin", "synapse_admin_image_tag"),
  mcp_image_tag: imageTag("mcp", "mcp_image_tag"),
  postgres_image_tag: imageTag("postgres", "postgres_image_tag"),
  secret_versions: secretVersions(generated),
} as const;

export const chatSynapse: TerraformModule<"admin" | "arns"> = {
  name: "chat-synapse",
  choices: {
    admin: 'var.admin_access == "cognito"',
    arns: "var.use_secret_arns",
  },
  build({ admin, arns }) {
    const stack = new ModuleStack("chat-synapse");
    const variables = stack.variables(inputs);
    const deployment = stack.deployment(variables);
    const pool = new DataAwsCognitoUserPool(stack, "pool", {
      userPoolId: variables.cognito_user_pool_id.string,
      lifecycle: {
        postcondition: [
          {
            condition: `\${var.cognito_domain != null || self.domain != ""}`,
            errorMessage:
              "cognito_domain: the user pool has no hosted domain, so nobody could sign in: make an " +
              "aws_cognito_user_pool_domain, and pass its domain.",
          },
        ],
      },
    });
    const domain = text(`coalesce(var.cognito_domain, ${pool.fqn}.domain)`);
    const given = arns ? givenSecrets() : ownSecrets(stack, deployment);
    const credentialsArn = variables.dockerhub_credentials_arn.string;
    const access: AdminAccess = admin
      ? {
          mode: "cognito",
          signIn: {
            userPoolArn: userPoolArn(deployment),
            clientId: variables.admin_client_id.string,
            domain,
          },
        }
      : { mode: "closed" };
    const module = new ChatSynapse(stack, MAIN, {
      deployment,
      serverName: variables.server_name.string,
      clusterArn: variables.ecs_cluster_id.string,
      network: { vpcId: variables.vpc_id.string, privateSubnetIds: variables.private_subnet_ids.list },
      listenerArn: variables.alb_listener_arn.string,
      albSecurityGroupId: variables.alb_security_group_id.string,
      ecsTasksSecurityGroupId: variables.ecs_tasks_security_group_id.string,
      priorities: {
        adminApi: variables.admin_api_priority.number,
        synapse: variables.homeserver_priority.number,
        adminUi: variables.admin_ui_priority.number,
        adminUiRedirect: variables.admin_ui_redirect_priority.number,
        workers: priorities.workers,
      },
      adminAccess: access,
      images: {
        synapse: { uri: imageUri("synapse", "synapse_image_tag"), credentialsArn },
        synapseAdmin: { uri: imageUri("synapseAdmin", "synapse_admin_image_tag") },
        postgres: { uri: imageUri("postgres", "postgres_image_tag") },
        bootstrap: { uri: imageUri("mcp", "mcp_image_tag"), credentialsArn },
      },
      sizes: services,
      database: {
        host: text(hostOf("rds_host")),
        port: variables.rds_port.number,
        securityGroupId: variables.rds_security_group_id.string,
        masterSecretArn: given.masterSecretArn,
      },
      cognito: {
        userPoolId: variables.cognito_user_pool_id.string,
        userPoolArn: userPoolArn(deployment),
        domain,
        clientId: variables.cognito_oidc_client_id.string,
        clientSecret: given.clientSecret,
      },
      contentUrlTemplate: development.contentUrlTemplate,
      maxUploadSize: "50M",
      secretVersions: {
        registrationSharedSecret: version("registration_shared_secret"),
        macaroonSecretKey: version("macaroon_secret_key"),
        formSecret: version("form_secret"),
        signingKey: 1,
        databasePassword: version("database_password"),
        botPassword: version("bot_password"),
        adminBotPassword: version("admin_bot_password"),
        replicationSecret: 1,
      },
      ingressRules: { databaseFromSynapse: "chat", adminUiFromAlb: "chat" },
    });
    stack.onlyWhere("var.add_database_ingress", MAIN, "database-from-synapse");
    if (admin) stack.onlyWhere("var.add_admin_ui_ingress", MAIN, "admin-ui-from-alb");
    limitToVpc(stack, variables.vpc_id.string);
    outputs(stack, module, given.masterSecretArn);
    return stack;
  },
};

interface GivenSecrets {
  readonly masterSecretArn: string;
  readonly clientSecret: SecretValue;
}

const CLIENT_SECRET = "synapse_oidc_client_secret";

const givenSecrets = (): GivenSecrets => ({
  masterSecretArn: text("var.rds_master_secret_arn"),
  clientSecret: secretValue(text("var.cognito_oidc_secret_arn"), { key: CLIENT_SECRET }),
});

/** Secrets for the values that the caller passes: write-only, so that they are in no plan and no state. */
function ownSecrets(stack: ModuleStack, deployment: Deployment): GivenSecrets {
  const { project, environment } = deployment;
  const secret = (id: string, name: string, description: string, value: string, version: string) => {
    const secret = new Secret(stack, id, {
      deployment,
      name: `${project}-${environment}-chat-synapse-${name}`,
      description,
    });
    const current = new SecretsmanagerSecretVersion(stack, `${id}-version`, {
      secretId: secret.id,
      secretStringWo: `\${jsonencode(${value})}`,
      secretStringWoVersion: Token.asNumber(text(version)),
      lifecycle: { createBeforeDestroy: true },
    });
    return { arn: secret.arn, current };
  };
  const master = secret(
    "rds-master",
    "rds-master",
    "Master user of the database, for the database setup task",
    "{ username = var.rds_master_username, password = var.rds_master_password }",
    "var.rds_master_password_version",
  );
  const client = secret(
    "oidc",
    "oidc",
    "Secret of Synapse's Cognito client",
    `{ ${CLIENT_SECRET} = var.cognito_oidc_client_secret }`,
    // A client's secret changes only with its id.
    "parseint(substr(sha256(var.cognito_oidc_client_id), 0, 7), 16)",
  );
  return {
    masterSecretArn: master.arn,
    clientSecret: { ...secretValue(client.arn, { key: CLIENT_SECRET }), writtenBy: client.current },
  };
}

/** Without the database's group, the way to it ends at the VPC. */
function limitToVpc(stack: ModuleStack, vpcId: string): void {
  const vpc = new DataAwsVpc(stack, "vpc", { id: vpcId });
  const rule = stack.node.findChild(MAIN).node.findChild("to-database");
  if (!(rule instanceof VpcSecurityGroupEgressRule)) throw new Error("chat-synapse has no rule to-database");
  rule.addOverride("cidr_ipv4", `\${var.rds_security_group_id == null ? ${vpc.fqn}.cidr_block : null}`);
}

function outputs(stack: ModuleStack, module: ChatSynapse, masterSecretArn: string): void {
  const output = (name: string, description: string, value: string) =>
    new TerraformOutput(stack, name, { description, value });
  new TerraformOutput(stack, "internal_url", {
    description: "Address of the homeserver inside the VPC, for chat-mcp-server",
    value: module.url,
    dependsOn: [...module.ingressRules],
  });
  output(
    "bot_secret_arn",
    "Secret with the MCP server's Matrix account, for chat-mcp-server",
    module.secretArns["bot"] ?? "",
  );
  output(
    "database_master_secret_arn",
    "Secret with username and password of the master user, for chat-hasura-lite",
    masterSecretArn,
  );
  output(
    "database_setup_task_definition",
    "Task to run before Synapse first starts: makes its role and database",
    module.tasks.databaseSetup.definition.arn,
  );
  output(
    "bootstrap_task_definition",
    "Task to run once Synapse is healthy: makes the bots, the rooms and their members",
    module.tasks.bootstrap.definition.arn,
  );
  output(
    "security_group_id",
    "Security group of Synapse and the database setup task",
    module.securityGroupId,
  );
  output("homeserver_yaml", "The homeserver's configuration, which holds no secret", module.homeserverYaml);
  output("service_name", "Name of the homeserver's ECS service", module.services.synapse.name);
}
