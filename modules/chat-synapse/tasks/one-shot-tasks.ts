import { Fn } from "cdktf";
import type { Construct } from "constructs";
import { FargateTask, oneShot } from "../../../constructs/fargate-task.ts";
import { secretValue } from "../../../constructs/generated-secret.ts";
import type { ChatSynapseProps } from "../props.ts";
import type { SynapseSecrets } from "../secrets.ts";
import { databaseSetupCommand } from "./database-setup.ts";

/** Synapse's database and role on the shared RDS instance, and the database that psql connects to. */
export const synapseDatabase = { name: "synapse", user: "synapse", maintenance: "postgres" };

/** Task that makes or checks Synapse's role and database. */
export const databaseSetupTask = (
  scope: Construct,
  { deployment, database, images }: ChatSynapseProps,
  secrets: SynapseSecrets,
) =>
  new FargateTask(scope, "database-setup", {
    deployment,
    family: `${deployment.project}-synapse-db-setup`,
    size: oneShot.size,
    container: {
      image: images.postgres,
      logMode: oneShot.logMode,
      command: databaseSetupCommand(),
      environment: {
        PGHOST: database.host,
        PGPORT: Fn.tostring(database.port),
        PGDATABASE: synapseDatabase.maintenance,
        PGSSLMODE: "require",
        SYNAPSE_DATABASE_NAME: synapseDatabase.name,
        SYNAPSE_DATABASE_USER: synapseDatabase.user,
      },
      secrets: {
        PGUSER: secretValue(database.masterSecretArn, { key: "username" }),
        PGPASSWORD: secretValue(database.masterSecretArn, { key: "password" }),
        SYNAPSE_DATABASE_PASSWORD: secrets.databasePassword.read(),
      },
    },
  });

/**
 * Task that makes or checks bots, rooms and members.
 *
 * @param url the homeserver's address inside the VPC
 */
export const bootstrapTask = (
  scope: Construct,
  { deployment, images, cognito, serverName }: ChatSynapseProps,
  secrets: SynapseSecrets,
  url: string,
) =>
  new FargateTask(scope, "bootstrap", {
    deployment,
    family: `${deployment.project}-chat-bootstrap`,
    size: oneShot.size,
    container: {
      image: images.bootstrap,
      logMode: oneShot.logMode,
      command: ["node", "bootstrap.mjs"],
      environment: {
        COGNITO_REGION: deployment.region,
        COGNITO_USER_POOL_ID: cognito.userPoolId,
        SYNAPSE_SERVER_NAME: serverName,
        SYNAPSE_URL: url,
      },
      secrets: {
        SYNAPSE_ADMIN_BOT_PASSWORD: secrets.adminBot.read("password"),
        SYNAPSE_ADMIN_BOT_USERNAME: secrets.adminBot.read("username"),
        SYNAPSE_BOT_PASSWORD: secrets.bot.read("password"),
        SYNAPSE_BOT_USERNAME: secrets.bot.read("username"),
        SYNAPSE_REGISTRATION_SHARED_SECRET: secrets.registrationSharedSecret.read(),
      },
    },
    taskPolicy: [
      {
        Sid: "ReadGroups",
        Effect: "Allow",
        Action: "cognito-idp:ListUsersInGroup",
        Resource: cognito.userPoolArn,
      },
    ],
  });
