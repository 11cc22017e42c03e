import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import { Fn } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { jsonencode } from "../../constructs/encode.ts";
import { type ContainerImage, FargateTask, oneShot } from "../../constructs/fargate-task.ts";
import { GeneratedSecret, secretValue } from "../../constructs/generated-secret.ts";
import { type LambdaNetwork, NodeLambda } from "../../constructs/node-lambda.ts";
import { Schedule } from "../../constructs/schedule.ts";
import { USER_PROVISIONER_ROLE } from "../../shared/database-roles.ts";
import { triggerFunctionNames } from "./function-names.ts";
import { metadataCommand } from "./metadata/task.ts";
import { migrationCommand } from "./migration-task.ts";

export interface ChatHasuraLiteProps {
  /** The environment, and the tags of the module's resources. */
  readonly deployment: Deployment;
  /** Subnets and security group of the functions. */
  readonly network: LambdaNetwork;
  /** Database that holds the schema. */
  readonly database: {
    /** Host name of the RDS instance. */
    readonly host: string;
    /** Its port. */
    readonly port: number;
    /** Name of the database. */
    readonly name: string;
    /** Secret with `username` and `password` of the master user. */
    readonly masterSecretArn: string;
  };
  /** GraphQL endpoint of Hasura inside the VPC. */
  readonly hasuraEndpoint: string;
  /** Secret that holds Hasura's admin secret. */
  readonly hasuraAdminSecretArn: string;
  /** URL that the event trigger sends its events to. */
  readonly linkPreviewUrl: string;
  /** Cognito user pool whose members chat. */
  readonly userPoolId: string;
  /** Its ARN: it may invoke the functions. */
  readonly userPoolArn: string;
  /** Who owns names and pictures in table `users`: with `backend` the chat fills only what is empty. */
  readonly profileOwner: "backend" | "cognito";
  /** Days after which messages move to the archive, at least 30; 0 keeps them. */
  readonly messageRetentionDays: number;
  /** Stock images of PostgreSQL and curl: the tasks bring their scripts along. */
  readonly images: { readonly postgres: ContainerImage; readonly curl: ContainerImage };
  /** Version of the user provisioner's database password: raise it to draw a new one. */
  readonly provisionerPasswordVersion: number;
  /** Maximum concurrent invocations of the user provisioner, one database connection each; -1 for no reservation. */
  readonly provisionerConcurrency: number;
}

/** CA certificates of AWS, including RDS, that the Lambda runtime contains but does not load. */
const LAMBDA_CA_FILE = "/var/runtime/ca-cert.pem";

/** Implementation B: the chat's schema, its Hasura metadata, and the functions that Cognito invokes. */
export class ChatHasuraLite extends Construct {
  /** One-shot tasks that apply the migrations and the metadata. */
  readonly tasks: { readonly migration: FargateTask; readonly metadata: FargateTask };
  /** Trigger of post authentication and post confirmation, for the owner of the user pool to attach. */
  readonly userProvisioner: NodeLambda;
  /** Brings memberships in line with the user pool, on a schedule. */
  readonly memberSync: NodeLambda;
  /** Pre-token-generation trigger, for the owner of the user pool to attach. */
  readonly tokenEnhancement: NodeLambda;

  constructor(scope: Construct, id: string, props: ChatHasuraLiteProps) {
    super(scope, id);
    const { deployment, network, database, hasuraAdminSecretArn, images, userPoolArn } = props;
    const { project, environment } = deployment;

    const provisionerCredentials = new GeneratedSecret(this, "user-provisioner-database", {
      deployment,
      name: `${project}-${environment}-chat-user-provisioner-database`,
      description: "Database credentials of the user provisioner; the migration task sets them",
      length: 40,
      version: props.provisionerPasswordVersion,
      value: (random) => jsonencode({ username: USER_PROVISIONER_ROLE, password: random }),
    });

    const migration = new FargateTask(this, "migration", {
      deployment,
      family: `${project}-chat-migration`,
      size: oneShot.size,
      container: {
        image: images.postgres,
        logMode: oneShot.logMode,
        command: migrationCommand(),
        environment: {
          PGHOST: database.host,
          PGPORT: Fn.tostring(database.port),
          PGDATABASE: database.name,
          PGSSLMODE: "require",
        },
        secrets: {
          PGUSER: secretValue(database.masterSecretArn, { key: "username" }),
          PGPASSWORD: secretValue(database.masterSecretArn, { key: "password" }),
          USER_PROVISIONER_PASSWORD: provisionerCredentials.read("password"),
        },
      },
    });

    const metadata = new FargateTask(this, "metadata", {
      deployment,
      family: `${project}-chat-hasura-metadata`,
      size: oneShot.size,
      container: {
        image: images.curl,
        logMode: oneShot.logMode,
        command: metadataCommand(),
        environment: { HASURA_ENDPOINT: props.hasuraEndpoint, LINK_PREVIEW_URL: props.linkPreviewUrl },
        secrets: { HASURA_ADMIN_SECRET: secretValue(hasuraAdminSecretArn) },
      },
    });

    const asProvisioner = {
      DATABASE_HOST: database.host,
      DATABASE_PORT: Fn.tostring(database.port),
      DATABASE_NAME: database.name,
      DATABASE_SECRET_ARN: provisionerCredentials.arn,
      DATABASE_CA_FILE: LAMBDA_CA_FILE,
      PROFILE_OWNER: props.profileOwner,
    };
    const userProvisioner = new NodeLambda(this, "user-provisioner", {
      deployment,
      name: triggerFunctionNames(project).userProvisioner,
      description: "Cognito post authentication and confirmation: keeps the chat's users and memberships",
      handler: "user-provisioner",
      memory: 128,
      // After five seconds Cognito refuses the sign-in.
      timeout: 5,
      // Each invocation has a database connection of its own.
      reservedConcurrency: props.provisionerConcurrency,
      network,
      environment: asProvisioner,
      policy: [
        {
          Sid: "ReadGroups",
          Effect: "Allow",
          Action: "cognito-idp:AdminListGroupsForUser",
          Resource: userPoolArn,
        },
      ],
      secretArns: [provisionerCredentials.arn],
    });

    const memberSync = new NodeLambda(this, "member-sync", {
      deployment,
      name: `${project}-chat-member-sync`,
      description: "Brings the chat's members in line with the user pool and its groups",
      handler: "member-sync",
      memory: 128,
      timeout: 300,
      network,
      environment: asProvisioner,
      policy: [
        {
          Sid: "ReadMembers",
          Effect: "Allow",
          Action: ["cognito-idp:ListUsers", "cognito-idp:ListUsersInGroup"],
          Resource: userPoolArn,
        },
      ],
      secretArns: [provisionerCredentials.arn],
    });
    const userPoolId = props.userPoolId;
    new Schedule(this, "group-sync", {
      deployment,
      name: `${project}-chat-group-sync`,
      description: "Ends the access of people who left a Cognito group, within five minutes",
      everyMinutes: 4,
      fn: memberSync,
      input: { task: "groups", userPoolId },
    });
    new Schedule(this, "pool-sync", {
      deployment,
      name: `${project}-chat-pool-sync`,
      description: "Adds the members of the user pool to Community and archives old messages, once a day",
      everyMinutes: 24 * 60,
      fn: memberSync,
      input: { task: "pool", userPoolId, retentionDays: props.messageRetentionDays },
    });

    const tokenEnhancement = new NodeLambda(this, "token-enhancement", {
      deployment,
      name: triggerFunctionNames(project).tokenEnhancement,
      description: "Cognito pre-token generation: adds the claims that Hasura reads",
      handler: "token-enhancement",
      memory: 128,
      timeout: 5,
    });

    for (const [trigger, fn] of Object.entries({
      "user-provisioner": userProvisioner,
      "token-enhancement": tokenEnhancement,
    }))
      new LambdaPermission(this, `${trigger}-permission`, {
        statementId: "user-pool",
        action: "lambda:InvokeFunction",
        functionName: fn.name,
        principal: "cognito-idp.amazonaws.com",
        sourceArn: userPoolArn,
      });

    this.tasks = { migration, metadata };
    this.userProvisioner = userProvisioner;
    this.memberSync = memberSync;
    this.tokenEnhancement = tokenEnhancement;
  }
}
