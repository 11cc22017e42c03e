import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import type { ImageConfig } from "../images/engine.ts";
import { Container, type Exit } from "./container.ts";
import { type Health, watchHealth } from "./health-check.ts";
import type { Network, NetworkInterface } from "./network.ts";
import { type Mount, ociSpec, resolveUser, type User } from "./oci-spec.ts";
import {
  type ContainerDefinition,
  type TaskDefinition,
  TaskDefinitionError,
  type Volume,
} from "./task-definition.ts";

/** An image on this machine. */
export interface LocalImage {
  /** Folder of its files. */
  readonly rootFilesystem: string;
  readonly config: ImageConfig;
}

/** An EFS access point of the applied state. */
export interface AccessPoint {
  /** Folder of the access point's root directory on this machine. */
  readonly folder: string;
  /** Every access is made as this user, whoever the process is. */
  readonly posixUser: User;
}

/** What a task needs of the stage. */
export interface TaskHost {
  readonly network: Network;
  /** Folder that a task's own folder is made in. */
  readonly folder: string;
  /** Files that stand in every container, such as /etc/hosts. */
  readonly files: readonly Mount[];
  /** Variables that the ECS agent sets, and those that make a program trust this machine's servers. */
  readonly environment: Readonly<Record<string, string>>;
  readonly init: string;
  image(uri: string): LocalImage;
  secret(valueFrom: string): Promise<string>;
  accessPoint(id: string): AccessPoint;
}

export interface TaskEvents {
  health(container: string, health: Health): void;
}

/** A running task: its containers, its network interface and its volumes. */
export class Task {
  readonly id: string;
  readonly interface: NetworkInterface;
  readonly #host: TaskHost;
  readonly #definition: TaskDefinition;
  readonly #containers = new Map<string, Container>();
  readonly #watching = new AbortController();
  readonly #health = new Map<string, Health>();
  readonly #folder: string;

  private constructor(id: string, definition: TaskDefinition, host: TaskHost) {
    this.id = id;
    this.#definition = definition;
    this.#host = host;
    this.#folder = path.join(host.folder, id);
    this.interface = host.network.addInterface();
  }

  /**
   * Starts the containers in the order of their dependencies.
   *
   * @throws TaskDefinitionError when a secret, image, volume or user is missing; nothing is left behind then
   */
  static async start(
    id: string,
    definition: TaskDefinition,
    host: TaskHost,
    {
      overrides = {},
      events,
    }: { overrides?: Readonly<Record<string, readonly string[]>>; events?: TaskEvents } = {},
  ): Promise<Task> {
    const task = new Task(id, definition, host);
    try {
      for (const container of inOrder(definition.containers)) {
        await task.#awaitDependencies(container);
        await task.#startContainer(container, overrides[container.name], events);
      }
      return task;
    } catch (error) {
      await task.stop();
      throw error;
    }
  }

  /** Resolves when an essential container ends, as ECS then stops the task. */
  get exit(): Promise<Exit> {
    const essential = this.#definition.containers.filter((container) => container.essential);
    return Promise.race(essential.map(({ name }) => this.container(name).exit));
  }

  /** HEALTHY when every container with a health check is; UNKNOWN when none has one. */
  get health(): Health {
    const all = [...this.#health.values()];
    if (all.includes("UNHEALTHY")) return "UNHEALTHY";
    return all.length > 0 && all.every((health) => health === "HEALTHY") ? "HEALTHY" : "UNKNOWN";
  }

  container(name: string): Container {
    const container = this.#containers.get(name);
    if (!container) throw new Error(`Task ${this.id} runs no container ${name}`);
    return container;
  }

  async stop(): Promise<void> {
    this.#watching.abort();
    await Promise.all(
      [...this.#containers].map(([name, container]) => {
        const definition = this.#definition.containers.find((each) => each.name === name);
        return container.stop(definition?.stopTimeout ?? 30);
      }),
    );
    this.interface.remove();
    rmSync(path.join(this.#folder, "volumes"), { recursive: true, force: true });
  }

  async #awaitDependencies({ name, dependsOn }: ContainerDefinition): Promise<void> {
    for (const { containerName, condition } of dependsOn) {
      const before = this.container(containerName);
      if (condition === "COMPLETE" || condition === "SUCCESS") {
        const { code } = await before.exit;
        if (condition === "SUCCESS" && code !== 0)
          throw new TaskDefinitionError(
            `${name} waits for the success of ${containerName}, which exited with ${code}`,
          );
      } else if (condition === "HEALTHY")
        throw new TaskDefinitionError(`${name}: dependsOn HEALTHY is not supported by this runner`);
    }
  }

  async #startContainer(
    definition: ContainerDefinition,
    command: readonly string[] | undefined,
    events: TaskEvents | undefined,
  ): Promise<void> {
    const { config, rootFilesystem } = this.#host.image(definition.image);
    const read = (file: string) =>
      existsSync(path.join(rootFilesystem, file))
        ? readFileSync(path.join(rootFilesystem, file), "utf8")
        : "";
    const user = resolveUser(definition.user ?? config.user, read("etc/passwd"), read("etc/group"));
    const secrets = await Promise.all(
      definition.secrets.map(
        async ({ name, valueFrom }) => [name, await this.#host.secret(valueFrom)] as const,
      ),
    );
    const folder = path.join(this.#folder, definition.name);
    const spec = ociSpec({ ...definition, ...(command && { command: [...command] }) }, config, {
      rootFilesystem: definition.readonlyRootFilesystem ? rootFilesystem : copyOf(rootFilesystem, folder),
      hostname: `ip-${this.interface.address.replaceAll(".", "-")}`,
      networkNamespace: this.interface.namespace,
      cgroup: `/phenom-stage/${this.id}`,
      cpu: this.#definition.cpu,
      memory: this.#definition.memory,
      environment: {
        ...this.#host.environment,
        ...Object.fromEntries(definition.environment.map(({ name, value }) => [name, value])),
        ...Object.fromEntries(secrets),
      },
      mounts: [
        ...this.#host.files,
        ...definition.mountPoints.map(({ sourceVolume, containerPath, readOnly }) => ({
          source: this.#volume(sourceVolume, containerPath, { config, rootFilesystem }, user),
          destination: containerPath,
          readOnly,
        })),
      ],
      init: this.#host.init,
      user,
    });
    const container = new Container(`${this.id}-${definition.name}`, spec, folder);
    this.#containers.set(definition.name, container);
    if (!definition.healthCheck) return;
    this.#health.set(definition.name, "UNKNOWN");
    void watchHealth(
      container,
      definition.healthCheck,
      (health) => {
        this.#health.set(definition.name, health);
        events?.health(definition.name, health);
      },
      this.#watching.signal,
    );
  }

  #volume(name: string, containerPath: string, image: LocalImage, user: User): string {
    const volume = this.#definition.volumes.find((each) => each.name === name);
    if (!volume) throw new TaskDefinitionError(`${this.#definition.family}: there is no volume ${name}`);
    return volume.kind === "efs"
      ? this.#efs(volume, user)
      : bindMount(path.join(this.#folder, "volumes", name), containerPath, image);
  }

  /** EFS maps every access to the access point's user; a folder of this machine only does so for that user itself. */
  #efs({ name, accessPointId }: Extract<Volume, { kind: "efs" }>, user: User): string {
    const { folder, posixUser } = this.#host.accessPoint(accessPointId);
    if (user.uid !== posixUser.uid)
      throw new TaskDefinitionError(
        `${this.#definition.family}: volume ${name}: the container runs as user ${user.uid}, its access point as ` +
          `${posixUser.uid}; this runner can't map one to the other`,
      );
    return folder;
  }
}

/**
 * A bind mount of ECS: it belongs to root, mode 0755, unless the image declares a volume at the same path; then it has
 * the files, owner and mode that the image has there (Amazon ECS developer guide, "Use bind mounts").
 */
function bindMount(folder: string, containerPath: string, { config, rootFilesystem }: LocalImage): string {
  if (existsSync(folder)) return folder;
  mkdirSync(folder, { recursive: true });
  const inImage = path.join(rootFilesystem, containerPath);
  if (config.volumes.includes(containerPath) && existsSync(inImage)) {
    cpSync(inImage, folder, { recursive: true });
    const { uid, gid, mode } = statSync(inImage);
    chownSync(folder, uid, gid);
    chmodSync(folder, mode & 0o7777);
  } else {
    chownSync(folder, 0, 0);
    chmodSync(folder, 0o755);
  }
  return folder;
}

/** A root file system of the container's own, for one that may write to it. */
function copyOf(rootFilesystem: string, folder: string): string {
  const copy = path.join(folder, "root");
  cpSync(rootFilesystem, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

/** Containers so that each comes after those that it depends on. @throws TaskDefinitionError on a cycle */
export function inOrder(containers: readonly ContainerDefinition[]): ContainerDefinition[] {
  const ordered: ContainerDefinition[] = [];
  const waiting = [...containers];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ dependsOn }) =>
      dependsOn.every(({ containerName }) => ordered.some(({ name }) => name === containerName)),
    );
    if (next < 0)
      throw new TaskDefinitionError(
        `Containers ${waiting.map(({ name }) => name).join(", ")} depend on each other or on one that does not exist`,
      );
    ordered.push(...waiting.splice(next, 1));
  }
  return ordered;
}
