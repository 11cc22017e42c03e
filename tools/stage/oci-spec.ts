import { DEFAULT_CAPABILITIES } from "../../constructs/linux-capabilities.ts";
import type { ImageConfig } from "../images/image-config.ts";
import { type ContainerDefinition, TaskDefinitionError } from "./task-definition.ts";

/** Numeric ids of a container's process. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface Mount {
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
}

export interface Runtime {
  /** Folder of the image's files. */
  readonly rootFilesystem: string;
  readonly hostname: string;
  /** Path of the network namespace that is the task's network interface. */
  readonly networkNamespace: string;
  /** Path below each cgroup controller. */
  readonly cgroup: string;
  /** 1024 units are one virtual CPU; those of the whole task. */
  readonly cpu: number;
  /** MiB, those of the whole task. */
  readonly memory: number;
  /** Variables with the secrets filled in. */
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** Statically linked init program of this machine. */
  readonly init: string;
  readonly user: User;
}

const CPU_PERIOD = 100_000;
/** Where Docker puts the init process. */
const INIT_PATH = "/dev/init";
const READ_ONLY = ["rbind", "ro"];

/**
 * The OCI runtime configuration of a container: what Fargate's runtime would be told by the same definition.
 *
 * @throws TaskDefinitionError when neither definition nor image names a command
 */
export function ociSpec(definition: ContainerDefinition, image: ImageConfig, runtime: Runtime): object {
  const entrypoint = definition.entryPoint ?? image.entrypoint;
  // As in Docker: an entry point of the definition discards the image's command.
  const command = definition.command ?? (definition.entryPoint ? [] : image.command);
  const words = [...entrypoint, ...command];
  if (words.length === 0)
    throw new TaskDefinitionError(`${definition.name}: neither the definition nor its image has a command`);

  const { initProcessEnabled } = definition.linuxParameters;
  const capabilities = keptCapabilities(definition).map((name) => `CAP_${name}`);
  // A process that isn't root starts without capabilities, whatever the container may have.
  const effective = runtime.user.uid === 0 ? capabilities : [];
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { ...runtime.user },
      args: initProcessEnabled ? [INIT_PATH, "--", ...words] : words,
      env: environmentOf(image, runtime),
      cwd: definition.workingDirectory ?? image.workingDirectory,
      capabilities: { bounding: capabilities, effective, permitted: effective, inheritable: [], ambient: [] },
      noNewPrivileges: false,
    },
    root: { path: runtime.rootFilesystem, readonly: definition.readonlyRootFilesystem },
    hostname: runtime.hostname,
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      {
        destination: "/dev",
        type: "tmpfs",
        source: "tmpfs",
        options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
      },
      {
        destination: "/dev/pts",
        type: "devpts",
        source: "devpts",
        options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
      },
      {
        destination: "/dev/shm",
        type: "tmpfs",
        source: "shm",
        options: ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"],
      },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: ["nosuid", "noexec", "nodev", "ro"] },
      ...(initProcessEnabled
        ? [{ destination: INIT_PATH, type: "bind", source: runtime.init, options: READ_ONLY }]
        : []),
      ...runtime.mounts.map(({ source, destination, readOnly }) => ({
        destination,
        type: "bind",
        source,
        options: readOnly ? READ_ONLY : ["rbind", "rw"],
      })),
    ],
    linux: {
      namespaces: [
        ...["pid", "ipc", "uts", "mount"].map((type) => ({ type })),
        { type: "network", path: runtime.networkNamespace },
      ],
      cgroupsPath: runtime.cgroup,
      resources: {
        devices: [{ allow: false, access: "rwm" }],
        memory: { limit: runtime.memory * 2 ** 20, swap: runtime.memory * 2 ** 20 },
        cpu: { quota: Math.round((runtime.cpu / 1024) * CPU_PERIOD), period: CPU_PERIOD },
      },
      maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}

/** The default capabilities less the dropped ones. */
function keptCapabilities({ linuxParameters }: ContainerDefinition): readonly string[] {
  const { drop } = linuxParameters.capabilities;
  return drop.includes("ALL") ? [] : DEFAULT_CAPABILITIES.filter((name) => !drop.includes(name));
}

/** Variables of the definition before those of the image. */
function environmentOf(image: ImageConfig, { environment, hostname }: Runtime): string[] {
  const variables = new Map(image.environment.map((line) => [line.split("=", 1)[0] ?? "", line]));
  variables.set("HOSTNAME", `HOSTNAME=${hostname}`);
  for (const [name, value] of Object.entries(environment)) variables.set(name, `${name}=${value}`);
  return [...variables.values()];
}

/**
 * The numeric user of a container from `uid`, `uid:gid`, `name` or `name:group`, as the definition or the image has it.
 *
 * @param passwd content of the image's /etc/passwd
 * @param group content of the image's /etc/group
 * @throws TaskDefinitionError when the image doesn't know the name
 */
export function resolveUser(user: string, passwd: string, group: string): User {
  const [name = "", groupName] = user.split(":", 2);
  if (name === "") return { uid: 0, gid: 0 };
  const rows = (text: string) => text.split("\n").map((line) => line.split(":"));
  const account = rows(passwd).find(([account, , uid]) => account === name || uid === name);
  if (!account && !/^\d+$/.test(name)) throw new TaskDefinitionError(`the image has no user ${name}`);
  const uid = Number(account?.[2] ?? name);
  if (groupName === undefined || groupName === "") return { uid, gid: Number(account?.[3] ?? 0) };
  const found = rows(group).find(([other, , gid]) => other === groupName || gid === groupName);
  if (!found && !/^\d+$/.test(groupName))
    throw new TaskDefinitionError(`the image has no group ${groupName}`);
  return { uid, gid: Number(found?.[2] ?? groupName) };
}
