import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { Container, type Exit } from "./container.ts";
import { type Health, watchHealth } from "./health-check.ts";
import type { LocalImage } from "./images.ts";
import { initProgram, type Machine, runcRoot } from "./machine.ts";
import type { NetworkInterface } from "./network.ts";
import { type Mount, ociSpec, resolveUser, type User } from "./oci-spec.ts";
import {
  type ContainerDefinition,
  type TaskDefinition,
  TaskDefinitionError,
  type Volume,
} from "./task-definition.ts";

/** An EFS access point of the applied state. */
export interface AccessPoint {
  /** Folder of the access point's root directory on this machine. */
  readonly folder: string;
  /** Every access is made as this user, whoever the process is. */
  readonly posixUser: User;
}

/** What a task needs of its stage. */
export interface TaskHost {
  readonly machine: Machine;
  /** Files that are mounted into every container, such as /etc/hosts. */
  readonly files: readonly Mount[];
  /** Variables that ECS sets, and those that make a program trust this machine's servers. */
  environment(definition: TaskDefinition): Readonly<Record<string, string>>;
  image(uri: string): Promise<LocalImage>;
  secret(valueFrom: string): Promise<string>;
  accessPoint(id: string): AccessPoint;
  /** Divides the intervals of health checks. */
  readonly haste: number;
}

export interface TaskOptions {
  /** Commands in place of the definition's, by container. */
  readonly overrides?: Readonly<Record<string, readonly string[]>>;
  readonly onHealth?: (container: string, health: Health) => void;
}

/** A running task: its containers, its network interface and its volumes. */
export class Task {
  readonly id: string;
  readonly definition: TaskDefinition;
  readonly interface: NetworkInterface;
  readonly #host: TaskHost;
  readonly #options: TaskOptions;
  readonly #containers = new Map<string, Container>();
  readonly #watching = new AbortController();
  readonly #health = new Map<string, Health>();
  readonly #folder: string;
  #stopping: Promise<void> | undefined;

  private constructor(id: string, definition: TaskDefinition, host: TaskHost, options: TaskOptions) {
    this.id = id;
    this.definition = definition;
    this.#host = host;
    this.#options = options;
    this.#folder = path.join(host.machine.folder, "tasks", id);
    mkdirSync(this.#folder, { recursive: true, mode: 0o711 });
    this.interface = host.machine.network.addInterface();
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
    options: TaskOptions = {},
  ): Promise<Task> {
    const task = new Task(id, definition, host, options);
    try {
      for (const container of inOrder(definition.containers)) {
        await task.#awaitDependencies(container);
        await task.#startContainer(container);
      }
      return task;
    } catch (error) {
      await task.stop();
      throw error;
    }
  }

  /** Resolves when an essential container ends, as ECS then stops the task. */
  get exit(): Promise<Exit> {
    const essential = this.definition.containers.filter((container) => container.essential);
    return Promise.race(essential.map(({ name }) => this.container(name).exit));
  }

  /** HEALTHY when every container with a health check is; UNKNOWN when none has one. */
  get health(): Health {
    const all = [...this.#health.values()];
    if (all.includes("UNHEALTHY")) return "UNHEALTHY";
    return all.length > 0 && all.every((health) => health === "HEALTHY") ? "HEALTHY" : "UNKNOWN";
  }

  get hasHealthCheck(): boolean {
    return this.#health.size > 0;
  }

  /** @throws Error when the task has no such container */
  container(name: string): Container {
    const container = this.#containers.get(name);
    if (!container) throw new Error(`Task ${this.id} runs no container ${name}`);
    return container;
  }

  /** Stops the containers as ECS does, and removes what the task had. Its logs stay. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#watching.abort();
    await Promise.all(
      [...this.#containers].map(async ([name, container]) => {
        const definition = this.definition.containers.find((each) => each.name === name);
        await container.stop(definition?.stopTimeout ?? 30);
        execFileSync("umount", [path.join(this.#folder, name, "root")]);
        for (const layer of ["layer", "work", "root"])
          rmSync(path.join(this.#folder, name, layer), { recursive: true, force: true });
      }),
    );
    this.interface.remove();
    rmSync(path.join(this.#folder, "volumes"), { recursive: true, force: true });
  }

  async #awaitDependencies({ name, dependsOn }: ContainerDefinition): Promise<void> {
    for (const { containerName, condition } of dependsOn) {
      if (condition === "START") continue;
      const { code } = await this.container(containerName).exit;
      if (condition === "SUCCESS" && code !== 0)
        throw new TaskDefinitionError(
          `${name} waits for the success of ${containerName}, which exited with ${code}`,
        );
    }
  }

  async #startContainer(definition: ContainerDefinition): Promise<void> {
    const { machine } = this.#host;
    const image = await this.#host.image(definition.image);
    const command = this.#options.overrides?.[definition.name];
    const user = userOf(definition, image);
    const secrets = await Promise.all(
      definition.secrets.map(
        async ({ name, valueFrom }) => [name, await this.#host.secret(valueFrom)] as const,
      ),
    );
    const volumes = definition.mountPoints.map(({ sourceVolume, containerPath, readOnly }) => ({
      source: this.#volume(sourceVolume, containerPath, image, user),
      destination: containerPath,
      readOnly,
    }));
    const folder = path.join(this.#folder, definition.name);
    const spec = ociSpec({ ...definition, ...(command && { command: [...command] }) }, image.config, {
      rootFilesystem: writableLayer(image.rootFilesystem, folder),
      hostname: `ip-${this.interface.address.replaceAll(".", "-")}`,
      networkNamespace: this.interface.namespace,
      cgroup: `${machine.cgroup}/${this.id}`,
      cpu: this.definition.cpu,
      memory: this.definition.memory,
      environment: {
        ...this.#host.environment(this.definition),
        ...Object.fromEntries(definition.environment.map(({ name, value }) => [name, value])),
        ...Object.fromEntries(secrets),
      },
      mounts: [...this.#host.files, ...volumes],
      init: initProgram(),
      user,
    });
    const container = new Container(`${this.id}-${definition.name}`, spec, folder, runcRoot(machine.folder));
    this.#containers.set(definition.name, container);
    if (definition.healthCheck) this.#watch(definition.name, container, definition.healthCheck);
  }

  #watch(name: string, container: Container, check: NonNullable<ContainerDefinition["healthCheck"]>): void {
    this.#health.set(name, "UNKNOWN");
    void watchHealth(
      container,
      { ...check, interval: check.interval / this.#host.haste },
      (health) => {
        this.#health.set(name, health);
        this.#options.onHealth?.(name, health);
      },
      this.#watching.signal,
    );
  }

  #volume(name: string, containerPath: string, image: LocalImage, user: User): string {
    const volume = this.definition.volumes.find((each) => each.name === name);
    if (!volume) throw new TaskDefinitionError(`${this.definition.family}: there is no volume ${name}`);
    return volume.kind === "efs"
      ? this.#efs(volume, user)
      : bindMount(path.join(this.#folder, "volumes", name), containerPath, image);
  }

  /** EFS maps every access to the access point's user; a folder of this machine only does so for that user itself. */
  #efs({ name, accessPointId }: Extract<Volume, { kind: "efs" }>, user: User): string {
    const { folder, posixUser } = this.#host.accessPoint(accessPointId);
    if (user.uid !== posixUser.uid || user.gid !== posixUser.gid)
      throw new TaskDefinitionError(
        `${this.definition.family}: volume ${name}: the container runs as user ${user.uid}:${user.gid}, its access ` +
          `point as ${posixUser.uid}:${posixUser.gid}; this runner can't map one to the other`,
      );
    return folder;
  }
}

function userOf(definition: ContainerDefinition, { config, rootFilesystem }: LocalImage): User {
  const read = (file: string) => {
    const full = path.join(rootFilesystem, file);
    return existsSync(full) ? readFileSync(full, "utf8") : "";
  };
  return resolveUser(definition.user ?? config.user, read("etc/passwd"), read("etc/group"));
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

/** The image's files with a layer of the container's own above them. */
function writableLayer(rootFilesystem: string, folder: string): string {
  const [upper, work, root] = ["layer", "work", "root"].map((name) => path.join(folder, name));
  for (const each of [upper, work, root]) mkdirSync(String(each), { recursive: true, mode: 0o755 });
  const options = `lowerdir=${rootFilesystem},upperdir=${upper},workdir=${work}`;
  execFileSync("mount", ["-t", "overlay", "overlay", "-o", options, String(root)]);
  return String(root);
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
