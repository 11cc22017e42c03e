import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { stringify } from "yaml";
import {
  type HomeserverConfig,
  type HomeserverProps,
  homeserverConfig,
} from "../../modules/chat-synapse/homeserver/config.ts";
import {
  containerPaths,
  METRICS_PORT,
  SYNAPSE_PORT,
  SYNAPSE_UID,
} from "../../modules/chat-synapse/homeserver/container.ts";
import { logConfig } from "../../modules/chat-synapse/homeserver/log-config.ts";
import { databaseSetupCommand } from "../../modules/chat-synapse/tasks/database-setup.ts";
import {
  REPLICATION_PORT,
  type Worker,
  type WorkerConfig,
  workerConfig,
} from "../../modules/chat-synapse/workers/workers.ts";
import { requireTools } from "../setup/require-tools.ts";
import { tools } from "../setup/tools.ts";
import { freePort } from "./free-port.ts";
import { libpqEnvironment, type PostgresServer } from "./postgres.ts";

const run = promisify(execFile);
// Also where this is bundled into a program that lies elsewhere.
const root = process.cwd();

/** The Python of Synapse's virtual environment. */
export const synapsePython = tools.synapse.path("python");
export const entrypoint = join(root, "modules", "chat-synapse", "homeserver", "image", "entrypoint.py");

/** Options of a process that runs as the image's user. A process that isn't root can't choose, and runs as itself. */
export const imageUser = process.getuid?.() === 0 ? { uid: SYNAPSE_UID, gid: SYNAPSE_UID } : {};

export interface SynapseSecrets {
  readonly SYNAPSE_SIGNING_KEY: string;
  readonly SYNAPSE_REGISTRATION_SHARED_SECRET: string;
  readonly SYNAPSE_MACAROON_SECRET_KEY: string;
  readonly SYNAPSE_FORM_SECRET: string;
  readonly SYNAPSE_DATABASE_PASSWORD: string;
  readonly SYNAPSE_OIDC_CLIENT_SECRET: string;
}

/** A signing key made as the deployment makes it: 42 random characters of base64 and an A. */
export const drawSigningKey = (id = "a_1") =>
  `ed25519 ${id} ${randomBytes(33).toString("base64").slice(0, 42)}A`;

export const drawSecrets = (): SynapseSecrets => ({
  SYNAPSE_SIGNING_KEY: drawSigningKey(),
  SYNAPSE_REGISTRATION_SHARED_SECRET: randomBytes(32).toString("base64url"),
  SYNAPSE_MACAROON_SECRET_KEY: randomBytes(32).toString("base64url"),
  SYNAPSE_FORM_SECRET: randomBytes(32).toString("base64url"),
  // Characters that libpq's password file escapes.
  SYNAPSE_DATABASE_PASSWORD: `a:b\\c${randomBytes(12).toString("hex")}`,
  SYNAPSE_OIDC_CLIENT_SECRET: randomBytes(24).toString("base64url"),
});

/** A running homeserver process with its container's folder. */
export interface Synapse {
  /** `http://127.0.0.1:<port>`, where the load balancer would send requests. */
  readonly url: string;
  readonly metricsUrl: string;
  /** The folder that stands for `/run/synapse`. */
  readonly runDirectory: string;
  readonly pid: number;
  /** From the start of the entrypoint to `/health` 200, in milliseconds. */
  readonly startMilliseconds: number;
  /** Everything that it wrote to stdout and stderr. */
  output(): string;
  /** SIGTERM, then waits; removes the container's folder. Returns the exit code, null after a signal. */
  stop(): Promise<number | null>;
}

/** What outlives a container: the database, the media store and the secrets. */
export interface SynapseDeployment {
  readonly serverName: string;
  readonly secrets: SynapseSecrets;
  readonly mediaDirectory: string;
  readonly database: { readonly name: string; readonly user: string };
  /** A new container on free ports. One at a time: two main processes would spoil the database. */
  start(changes?: StartChanges): Promise<Synapse>;
  /** Removes the media store. */
  remove(): Promise<void>;
}

interface StartChanges {
  /** Inputs that changed since the deployment. */
  readonly props?: Partial<HomeserverProps>;
  /** Changes the configuration, after hosts, ports and paths were swapped for local ones. */
  readonly config?: (config: HomeserverConfig) => unknown;
  readonly environment?: Readonly<Record<string, string>>;
  /** Starts this worker, in place of the main process. */
  readonly worker?: Worker;
  /** @default - free ones */
  readonly ports?: Ports;
}

/** Of one container on this machine. */
export interface Ports {
  readonly port: number;
  readonly metricsPort: number;
  /** @default - nobody calls this process */
  readonly replicationPort?: number;
}

/** The fewest. Every sign-in with a password takes a quarter of a second of CPU with Synapse's 12; the deployed one has none. */
const BCRYPT_ROUNDS = 4;

/** What the construct would pass, with values that stand for a real environment. */
export const exampleProps: HomeserverProps = {
  serverName: "chat-testing.thephenom.app",
  region: "us-east-1",
  userPoolId: "us-east-1_EXAMPLE12",
  cognitoDomainHost: "phenom-dev.auth.us-east-1.amazoncognito.com",
  oidcClientId: "1example23456789",
  database: { host: "rds.example.internal", port: 5432, name: "synapse", user: "synapse" },
  contentUrlTemplate: "https://thephenom.app/phenom/{id}",
  maxUploadSize: "50M",
};

/** Makes the role and the database by the deployment's own setup command, and a media store of its own. */
export async function deploySynapse(
  postgres: PostgresServer,
  props: Partial<HomeserverProps> = {},
  knownSecrets: Partial<SynapseSecrets> = {},
): Promise<SynapseDeployment> {
  requireTools(tools.synapse, tools.psql);
  const secrets = { ...drawSecrets(), ...knownSecrets };
  const name = `synapse_${randomBytes(4).toString("hex")}`;
  const database = { host: postgres.host, port: postgres.port, name, user: name };
  await setUpDatabase(postgres, database, secrets.SYNAPSE_DATABASE_PASSWORD);
  const mediaDirectory = await mkdtemp(join(tmpdir(), "phenom-media-"));
  await giveToSynapse(mediaDirectory);
  const allProps = { ...exampleProps, ...props, database };
  return {
    serverName: allProps.serverName,
    secrets,
    mediaDirectory,
    database,
    start: ({ environment, ...changes } = {}) =>
      start({ ...allProps, ...changes.props }, secrets, mediaDirectory, {
        ...changes,
        // In place of the authorities of RDS.
        environment: { PGSSLROOTCERT: postgres.caFile, ...environment },
      }),
    remove: () => rm(mediaDirectory, { recursive: true, force: true }),
  };
}

/** Runs the setup container's command here; rejects with its exit code and output. */
export async function setUpDatabase(
  postgres: PostgresServer,
  database: { name: string; user: string },
  password: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<{ stdout: string; stderr: string }> {
  const [program = "", ...args] = databaseSetupCommand();
  const { host, port } = postgres;
  return run(program, args, {
    env: {
      PATH: process.env["PATH"],
      ...libpqEnvironment({ host, port, database: "postgres", ...postgres.master }),
      SYNAPSE_DATABASE_NAME: database.name,
      SYNAPSE_DATABASE_USER: database.user,
      SYNAPSE_DATABASE_PASSWORD: password,
      ...changes,
    },
  });
}

async function start(
  props: HomeserverProps,
  secrets: SynapseSecrets,
  mediaDirectory: string,
  changes: StartChanges,
): Promise<Synapse> {
  const { worker, ports = { port: await freePort(), metricsPort: await freePort() } } = changes;
  return runContainer(ports, (runDirectory) => {
    const places = { runDirectory, mediaDirectory, ...ports };
    const local = { ...localise(homeserverConfig(props), places), bcrypt_rounds: BCRYPT_ROUNDS };
    return {
      ...secrets,
      SYNAPSE_CONFIG_YAML: stringify(changes.config?.(local) ?? local),
      ...(worker && {
        SYNAPSE_WORKER_YAML: stringify(
          localiseWorker(workerConfig(worker, props.federation !== undefined), places),
        ),
      }),
      ...changes.environment,
    };
  });
}

/**
 * Runs the entrypoint in a folder of its own until it is healthy.
 *
 * @param environment its variables, for the folder that stands for `/run/synapse`
 */
async function runContainer(
  { port, metricsPort }: Ports,
  environment: (runDirectory: string) => Readonly<Record<string, string>>,
): Promise<Synapse> {
  const container = await mkdtemp(join(tmpdir(), "phenom-synapse-"));
  await chmod(container, 0o755);
  const runDirectory = join(container, "run");
  await mkdir(runDirectory, { mode: 0o700 });
  await giveToSynapse(runDirectory);

  const output: string[] = [];
  const began = performance.now();
  const child = spawn(synapsePython, [entrypoint], {
    ...imageUser,
    cwd: container,
    env: {
      PATH: process.env["PATH"],
      // Container runtimes set root's, which Synapse's user can't enter.
      HOME: process.env["HOME"],
      SYNAPSE_LOG_CONFIG_YAML: stringify(logConfig()),
      SYNAPSE_CONFIG_PATH: join(runDirectory, "homeserver.yaml"),
      ...environment(runDirectory),
    },
  });
  child.stdout.on("data", (chunk) => output.push(String(chunk)));
  child.stderr.on("data", (chunk) => output.push(String(chunk)));
  const exited = new Promise<number | null>((done) => child.once("exit", (code) => done(code)));
  const stop = async () => {
    child.kill("SIGTERM");
    const code = await exited;
    await rm(container, { recursive: true, force: true });
    return code;
  };

  const url = `http://127.0.0.1:${port}`;
  try {
    await untilHealthy(url, child);
  } catch (error) {
    await stop();
    throw new Error(`Synapse did not start: ${String(error)}\n${output.join("").slice(-4000)}`);
  }
  return {
    url,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    runDirectory,
    pid: child.pid ?? 0,
    startMilliseconds: performance.now() - began,
    output: () => output.join(""),
    stop,
  };
}

/** Where one container's folders and ports are on this machine. */
export interface LocalPlaces extends Ports {
  readonly runDirectory: string;
  readonly mediaDirectory: string;
}

/** The same configuration with paths and ports of this machine. */
export function localise(config: HomeserverConfig, places: LocalPlaces): HomeserverConfig {
  const copy = withLocalPaths(config, places);
  return { ...copy, listeners: copy.listeners.map((listener) => localListener(listener, places)) };
}

function localiseWorker(config: WorkerConfig, places: LocalPlaces): WorkerConfig {
  const copy = withLocalPaths(config, places);
  const listeners = copy.worker_listeners.map((listener) => localListener(listener, places));
  return { ...copy, worker_listeners: listeners };
}

const withLocalPaths = <T>(config: T, { runDirectory, mediaDirectory }: LocalPlaces): T =>
  JSON.parse(
    JSON.stringify(config)
      .replaceAll(`"${containerPaths.run}/`, `"${runDirectory}/`)
      .replaceAll(`"${containerPaths.media}"`, `"${mediaDirectory}"`),
  );

function localListener<T extends { readonly port: number }>(listener: T, places: LocalPlaces) {
  const ports = new Map([
    [SYNAPSE_PORT, places.port],
    [METRICS_PORT, places.metricsPort],
    [REPLICATION_PORT, places.replicationPort],
  ]);
  return { ...listener, port: ports.get(listener.port) ?? listener.port, bind_addresses: ["127.0.0.1"] };
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode) throw new Error(`it ended with code ${child.exitCode}`);
    const healthy = await fetch(`${url}/health`).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error("no answer from /health in 60 s");
}

/** Gives a folder to the user that Synapse runs as. */
export async function giveToSynapse(path: string): Promise<void> {
  if (imageUser.uid !== undefined) await chown(path, imageUser.uid, imageUser.gid);
}
