import * as z from "zod";
import { DEFAULT_CAPABILITIES } from "../../constructs/linux-capabilities.ts";

/** A task definition that asks for something that this runner does not do as Fargate does. */
export class TaskDefinitionError extends Error {
  override readonly name = "TaskDefinitionError";
}

const pair = z.strictObject({ name: z.string(), value: z.string() });

/** The settings that the runner treats as Fargate does. Every other setting is refused. */
const containerDefinition = z.strictObject({
  name: z.string(),
  image: z.string(),
  essential: z.boolean().default(true),
  repositoryCredentials: z.strictObject({ credentialsParameter: z.string() }).optional(),
  entryPoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  workingDirectory: z.string().optional(),
  user: z.string().optional(),
  environment: z.array(pair).default([]),
  secrets: z.array(z.strictObject({ name: z.string(), valueFrom: z.string() })).default([]),
  portMappings: z
    .array(
      z.strictObject({
        containerPort: z.int(),
        hostPort: z.int().optional(),
        protocol: z.literal("tcp").default("tcp"),
      }),
    )
    .default([]),
  healthCheck: z
    .strictObject({
      command: z.tuple([z.enum(["CMD", "CMD-SHELL"])], z.string()),
      interval: z.number().min(5).max(300).default(30),
      timeout: z.number().min(2).max(60).default(5),
      retries: z.int().min(1).max(10).default(3),
      startPeriod: z.number().min(0).max(300).default(0),
    })
    .optional(),
  dependsOn: z
    .array(
      z.strictObject({
        containerName: z.string(),
        condition: z.enum(["START", "COMPLETE", "SUCCESS"]),
      }),
    )
    .default([]),
  mountPoints: z
    .array(
      z.strictObject({
        sourceVolume: z.string(),
        containerPath: z.string(),
        readOnly: z.boolean().default(false),
      }),
    )
    .default([]),
  readonlyRootFilesystem: z.boolean().default(false),
  linuxParameters: z
    .strictObject({
      initProcessEnabled: z.boolean().default(false),
      capabilities: z
        .strictObject({ drop: z.array(z.enum(["ALL", ...DEFAULT_CAPABILITIES])).default([]) })
        .default({ drop: [] }),
    })
    .default({ initProcessEnabled: false, capabilities: { drop: [] } }),
  stopTimeout: z.number().min(2).max(120).default(30),
  logConfiguration: z
    .strictObject({ logDriver: z.literal("awslogs"), options: z.record(z.string(), z.string()) })
    .optional(),
});

export type ContainerDefinition = z.infer<typeof containerDefinition>;

const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((value) => value ?? []);

/** A volume as the provider keeps it in the state: blocks are lists of at most one. */
const volume = z.object({
  name: z.string(),
  efs_volume_configuration: list(
    z.object({
      file_system_id: z.string(),
      transit_encryption: z.string().nullish(),
      authorization_config: list(z.object({ access_point_id: z.string(), iam: z.string().nullish() })),
    }),
  ),
  docker_volume_configuration: list(z.unknown()),
  fsx_windows_file_server_volume_configuration: list(z.unknown()),
});

const taskDefinition = z.object({
  arn: z.string(),
  family: z.string(),
  task_role_arn: z.string().nullish(),
  /** 1024 units are one virtual CPU. */
  cpu: z.coerce.number().positive(),
  /** MiB. */
  memory: z.coerce.number().positive(),
  network_mode: z.literal("awsvpc"),
  container_definitions: z
    .string()
    .transform((json): unknown => JSON.parse(json))
    .pipe(z.array(containerDefinition).min(1)),
  volume: list(volume),
});

export type Volume =
  /** Empty at the start of the task, removed at its end. */
  | { readonly kind: "bind"; readonly name: string }
  | {
      readonly kind: "efs";
      readonly name: string;
      readonly fileSystemId: string;
      readonly accessPointId: string;
    };

/** An `aws_ecs_task_definition` of an applied state. */
export interface TaskDefinition {
  readonly arn: string;
  readonly family: string;
  readonly hasTaskRole: boolean;
  readonly cpu: number;
  readonly memory: number;
  readonly containers: readonly ContainerDefinition[];
  readonly volumes: readonly Volume[];
}

/**
 * Reads the values of an `aws_ecs_task_definition` as `terraform show -json` prints them.
 *
 * @throws TaskDefinitionError with the family and every setting that this runner does not support
 */
export function parseTaskDefinition(values: unknown): TaskDefinition {
  const parsed = taskDefinition.safeParse(values);
  if (!parsed.success) {
    const family = z.object({ family: z.string() }).safeParse(values).data?.family ?? "a task definition";
    throw new TaskDefinitionError(`${family}: ${z.prettifyError(parsed.error)}`);
  }
  const { arn, family, cpu, memory, container_definitions: containers, volume: volumes } = parsed.data;
  return {
    ...{ arn, family, cpu, memory, containers },
    hasTaskRole: Boolean(parsed.data.task_role_arn),
    volumes: volumes.map((each) => parseVolume(family, each)),
  };
}

function parseVolume(family: string, { name, ...kinds }: z.infer<typeof volume>): Volume {
  if (
    kinds.docker_volume_configuration.length + kinds.fsx_windows_file_server_volume_configuration.length >
    0
  )
    throw new TaskDefinitionError(`${family}: volume ${name}: Fargate has bind mounts and EFS only`);
  const [efs] = kinds.efs_volume_configuration;
  if (!efs) return { kind: "bind", name };
  const [access] = efs.authorization_config;
  if (!access || efs.transit_encryption !== "ENABLED")
    throw new TaskDefinitionError(
      `${family}: volume ${name}: EFS without an access point or without transit encryption is not supported here`,
    );
  return { kind: "efs", name, fileSystemId: efs.file_system_id, accessPointId: access.access_point_id };
}
