import { EcsTaskDefinition, type EcsTaskDefinitionVolume } from "@cdktf/provider-aws/lib/ecs-task-definition";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import type { TerraformResource } from "cdktf";
import { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import { jsonencode } from "./encode.ts";
import type { FargateSize } from "./fargate-size.ts";
import type { SecretValue } from "./generated-secret.ts";
import { type PolicyStatement, policyDocument, readSecrets, trustService } from "./iam-policy.ts";
import { type Capability, DEFAULT_CAPABILITIES } from "./linux-capabilities.ts";
import { LogGroup } from "./log-group.ts";
import { checkedName } from "./names.ts";
import { ServiceRole } from "./service-role.ts";

/**
 * Settings of tasks that run once. They only send requests and wait, so the smallest size is enough. Operations reads how
 * a task ended from its log, so no line may be lost.
 */
export const oneShot = { size: { cpu: 256, memory: 512 }, logMode: "blocking" } as const;

/** The image of a container, with the credentials for a private one. */
export interface ContainerImage {
  /** `repository:tag`. */
  readonly uri: string;
  /** Secret with `username` and `password` of the registry. @default - the image is public */
  readonly credentialsArn?: string;
}

/** Command by which ECS checks that the container is healthy. Times are in seconds. */
export interface ContainerHealthCheck {
  readonly command: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly retries: number;
  readonly startPeriod: number;
}

/**
 * What happens to the container's output while CloudWatch Logs takes none. `blocking`: the program waits in its next
 * write, so that no line is lost. `non-blocking`: it goes on, and the oldest lines are lost once the buffer is full.
 */
export type LogMode = "blocking" | "non-blocking";

/** Buffer of a `non-blocking` log driver. ECS takes 10m; AWS's article about lost lines in this mode advises 25m. */
const LOG_BUFFER = "25m";

export interface ContainerProps {
  readonly image: ContainerImage;
  /** Without one, ECS takes `non-blocking` (the default of accounts since June 2025). */
  readonly logMode: LogMode;
  /** @default - the image's own */
  readonly command?: readonly string[];
  /** Variables that are no secrets. They are sorted by name, so that a change is a one-line diff. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Variables that ECS fills from Secrets Manager when the task starts. */
  readonly secrets?: Readonly<Record<string, SecretValue>>;
  readonly port?: number;
  readonly healthCheck?: ContainerHealthCheck;
  /** Writable paths by volume name, for a read-only root file system. @default - none */
  readonly mounts?: Readonly<Record<string, string>>;
  /** @default true */
  readonly readonlyRootFilesystem?: boolean;
  /** Linux capabilities that the container keeps. @default - none */
  readonly capabilities?: readonly Capability[];
  /** Seconds between SIGTERM and SIGKILL, at most 120 on Fargate. @default 30 */
  readonly stopTimeout?: number;
}

/** A container that runs before the main one. */
export type SetupContainer = Required<Pick<ContainerProps, "image" | "command">> &
  Pick<ContainerProps, "environment" | "secrets">;

export interface FargateTaskProps {
  readonly deployment: Deployment;
  /** Family of the task definition, and name of the container and the log group. */
  readonly family: string;
  readonly size: FargateSize;
  readonly container: ContainerProps;
  /** Runs at each start of a task, and must exit with 0 before the main container starts. @default - none */
  readonly setup?: SetupContainer;
  readonly volumes?: readonly EcsTaskDefinitionVolume[];
  /** Statements of the task role. @default - none */
  readonly taskPolicy?: readonly PolicyStatement[];
}

/** Maximum bytes of a task definition (ECS quota "Task definition size"). */
const TASK_DEFINITION_LIMIT = 64 * 1024;
/** Bytes reserved for what synthesis can't measure: roles and resolved references. */
const TASK_DEFINITION_RESERVE = 8 * 1024;

/** Bytes of `value` as Terraform's `jsonencode` writes it: with `<`, `>` and `&` as six bytes each. */
function encodedBytes(value: unknown): number {
  const json = JSON.stringify(value);
  return Buffer.byteLength(json) + 5 * (json.match(/[<>&]/g)?.length ?? 0);
}

const byName = <T>(record: Readonly<Record<string, T>> = {}) =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

/**
 * A task definition of one container, and of another that prepares it, with its log group, its execution role (for ECS to start the task) and its task
 * role (for the code). Runs once by `run-task`, or permanently in a {@link FargateService}.
 */
export class FargateTask extends Construct {
  readonly family: string;
  readonly logGroup: LogGroup;
  /** The log group's name as plain text, without a reference to the resource. */
  readonly logGroupName: string;
  readonly definition: EcsTaskDefinition;
  readonly roleArn: string;
  readonly container: ContainerProps;
  /** Resources that must exist before a task can start. */
  readonly dependencies: TerraformResource[];

  constructor(
    scope: Construct,
    id: string,
    { deployment, family, size, container, setup, volumes = [], taskPolicy = [] }: FargateTaskProps,
  ) {
    super(scope, id);
    checkedName(this, "ECS task family", family);
    const { region, accountId } = deployment;
    const trust = trustService("ecs-tasks.amazonaws.com", {
      arn: `arn:aws:ecs:${region}:${accountId}:*`,
      accountId,
    });

    const logGroupName = `/ecs/${family}`;
    const logGroup = new LogGroup(this, "log-group", { deployment, name: logGroupName });

    const executionRole = new ServiceRole(this, "execution-role", {
      deployment,
      name: `${family}-execution`,
      description: `Starts ${family}: pulls its image, writes its log, reads the secrets it is given`,
      assumeRolePolicy: trust,
    });
    const secretArns = [container, ...(setup ? [setup] : [])].flatMap(({ secrets = {}, image }) => [
      ...Object.values(secrets).map(({ secretArn }) => secretArn),
      ...(image.credentialsArn ? [image.credentialsArn] : []),
    ]);
    const executionPolicy = new IamRolePolicy(this, "execution-policy", {
      name: "start-task",
      role: executionRole.id,
      policy: policyDocument(logGroup.writeStatement, ...readSecrets(deployment, secretArns)),
    });

    const role = new ServiceRole(this, "role", {
      deployment,
      name: `${family}-task`,
      description: `What the code of ${family} may do`,
      assumeRolePolicy: trust,
    });
    const policy = taskPolicy.length
      ? [
          new IamRolePolicy(this, "policy", {
            name: "task",
            role: role.id,
            policy: policyDocument(...taskPolicy),
          }),
        ]
      : [];

    const definitionOf = (name: string, container: ContainerProps) => ({
      name,
      image: container.image.uri,
      essential: name === family,
      ...(container.image.credentialsArn && {
        repositoryCredentials: { credentialsParameter: container.image.credentialsArn },
      }),
      ...(container.command && { command: container.command }),
      environment: byName(container.environment).map(([name, value]) => ({ name, value })),
      secrets: byName(container.secrets).map(([name, { valueFrom }]) => ({ name, valueFrom })),
      ...(container.port && {
        portMappings: [{ containerPort: container.port, hostPort: container.port, protocol: "tcp" }],
      }),
      ...(container.healthCheck && { healthCheck: container.healthCheck }),
      mountPoints: byName(container.mounts).map(([sourceVolume, containerPath]) => ({
        sourceVolume,
        containerPath,
        readOnly: false,
      })),
      readonlyRootFilesystem: container.readonlyRootFilesystem ?? true,
      linuxParameters: {
        initProcessEnabled: true,
        // Fargate adds no capabilities, so the ones to keep are left out of the list to drop.
        capabilities: {
          drop: container.capabilities
            ? DEFAULT_CAPABILITIES.filter((name) => !container.capabilities?.includes(name))
            : ["ALL"],
        },
      },
      stopTimeout: container.stopTimeout ?? 30,
      logConfiguration: {
        logDriver: "awslogs",
        options: {
          "awslogs-group": logGroup.name,
          "awslogs-region": region,
          "awslogs-stream-prefix": "task",
          mode: container.logMode,
          ...(container.logMode === "non-blocking" && { "max-buffer-size": LOG_BUFFER }),
        },
      },
    });
    const setupName = `${family}-setup`;
    const definitions = [
      {
        ...definitionOf(family, container),
        ...(setup && { dependsOn: [{ containerName: setupName, condition: "SUCCESS" }] }),
      },
      ...(setup ? [definitionOf(setupName, { ...setup, logMode: "blocking" })] : []),
    ];
    this.node.addValidation({
      validate: () => {
        const [bytes, allowed] = [encodedBytes(definitions), TASK_DEFINITION_LIMIT - TASK_DEFINITION_RESERVE];
        return bytes > allowed
          ? [
              `the containers of ${family} take ${bytes} bytes; ECS allows a task definition of ${TASK_DEFINITION_LIMIT}, ` +
                `of which ${TASK_DEFINITION_RESERVE} are kept for the rest, so at most ${allowed}: shorten its command, ` +
                "or run it from an image that holds its files",
            ]
          : [];
      },
    });

    this.definition = new EcsTaskDefinition(this, "Default", {
      family,
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: String(size.cpu),
      memory: String(size.memory),
      runtimePlatform: { cpuArchitecture: "X86_64", operatingSystemFamily: "LINUX" },
      executionRoleArn: executionRole.arn,
      taskRoleArn: role.arn,
      containerDefinitions: jsonencode(definitions),
      volume: [...volumes],
      // A rollback needs a revision that is still registered.
      skipDestroy: true,
      tags: deployment.tags,
    });

    this.family = family;
    this.logGroup = logGroup;
    this.logGroupName = logGroupName;
    this.roleArn = role.arn;
    this.container = container;
    const writers = Object.values({ ...container.secrets, ...setup?.secrets }).flatMap(
      ({ writtenBy }) => writtenBy ?? [],
    );
    this.dependencies = [executionPolicy, ...policy, ...new Set(writers)];
  }
}
