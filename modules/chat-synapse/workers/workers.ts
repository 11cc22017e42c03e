import { containerPaths, METRICS_PORT, SYNAPSE_PORT } from "../homeserver/container.ts";

/**
 * What each kind of worker does. The main process does the rest, and the work of every kind that does not run.
 *
 * - `sync`: answers `/sync`, where every client waits
 * - `client`: answers what clients and other servers read
 * - `events`: receives and stores messages and all other room events
 * - `streams`: typing, receipts, account data, devices, push rules, and pages of old messages
 * - `media`: uploads, downloads, thumbnails, link previews
 * - `background`: cleans up, pushes, keeps the user directory, sends to other servers; receives no traffic
 */
export const workerKinds = ["sync", "client", "events", "streams", "media", "background"] as const;
export type WorkerKind = (typeof workerKinds)[number];

/**
 * Maximum number of each kind. A kind with only one writes a stream or holds a lock that Synapse gives to one process,
 * or counts requests (`events`: two would double everybody's limit).
 */
export const maxWorkers: Readonly<Record<WorkerKind, number>> = {
  sync: 8,
  client: 8,
  events: 1,
  streams: 1,
  media: 1,
  background: 1,
};

export type WorkerCounts = Readonly<Partial<Record<WorkerKind, number | undefined>>>;

export interface Worker {
  readonly kind: WorkerKind;
  /** Unique among the running processes; all of them and the database know it. */
  readonly name: string;
}

/** The workers, each with its name: `sync-1`, `sync-2`, … */
export const workersOf = (counts: WorkerCounts): Worker[] =>
  workerKinds.flatMap((kind) =>
    Array.from({ length: counts[kind] ?? 0 }, (_, i) => ({ kind, name: `${kind}-${i + 1}` })),
  );

/** Port for requests between processes. They are not encrypted, so they never pass the load balancer. */
export const REPLICATION_PORT = 9093;

/** Kinds that other processes send requests to, because only they write something. */
const writerKinds: readonly WorkerKind[] = ["events", "streams", "media"];
export const isWriter = (kind: WorkerKind) => writerKinds.includes(kind);

/** How the processes of one homeserver find each other. */
export interface WorkerTopology {
  readonly counts: WorkerCounts;
  readonly redis: { readonly host: string; readonly port: number };
  /** Host name of the main process and of each worker that writes. */
  readonly hostOf: (process: "main" | Worker) => string;
}

/** Settings in `homeserver.yaml` that all processes share. */
export function sharedWorkerConfig({ counts, redis, hostOf }: WorkerTopology, federates: boolean) {
  const workers = workersOf(counts);
  const writers = workers.filter(({ kind }) => isWriter(kind));
  const { events, streams, media, background } = Object.fromEntries(
    workers.map(({ kind, name }) => [kind, name]),
  );
  const at = (host: string) => ({ host, port: REPLICATION_PORT });
  return {
    redis: { enabled: true, host: redis.host, port: redis.port, use_tls: true },
    worker_replication_secret_path: containerPaths.replicationSecret,
    instance_map: {
      main: at(hostOf("main")),
      ...Object.fromEntries(writers.map((worker) => [worker.name, at(hostOf(worker))])),
    },
    stream_writers: {
      ...(events && { events }),
      ...(streams && {
        account_data: streams,
        device_lists: streams,
        presence: streams,
        push_rules: streams,
        receipts: streams,
        to_device: streams,
        typing: streams,
      }),
      ...(media && { quarantined_media_changes: media }),
    },
    ...(media && { enable_media_repo: false, media_instance_running_background_jobs: media }),
    ...(background && {
      run_background_tasks_on: background,
      update_user_directory_from_worker: background,
      pusher_instances: [background],
      ...(federates && { federation_sender_instances: [background] }),
    }),
  };
}

const listener = (port: number, type: "http" | "metrics") => ({
  port,
  type,
  tls: false,
  bind_addresses: ["0.0.0.0"],
});
const serving = (...names: string[]) => ({ resources: [{ names, compress: false }] });

/**
 * Listeners of a process.
 * @param names resources that it serves to the load balancer
 * @param replicates whether other processes connect to it, as they do to the main process and every writer
 */
export const listeners = (names: readonly string[], replicates: boolean) => [
  { ...listener(SYNAPSE_PORT, "http"), x_forwarded: true, ...serving(...names) },
  ...(replicates ? [{ ...listener(REPLICATION_PORT, "http"), ...serving("replication") }] : []),
  listener(METRICS_PORT, "metrics"),
];

/** A worker's own configuration, which Synapse reads after `homeserver.yaml`. */
export function workerConfig({ kind, name }: Worker, federates: boolean) {
  return {
    worker_app: kind === "media" ? "synapse.app.media_repository" : "synapse.app.generic_worker",
    worker_name: name,
    worker_log_config: containerPaths.logConfig,
    worker_listeners: listeners(resourcesOf(kind, federates), isWriter(kind)),
  };
}

export type WorkerConfig = ReturnType<typeof workerConfig>;

/** Every HTTP listener answers `/health`; this one answers nothing else. */
const healthOnly = ["health"];

function resourcesOf(kind: WorkerKind, federates: boolean): string[] {
  switch (kind) {
    case "sync":
    case "events":
      return ["client"];
    case "client":
    case "streams":
      return federates ? ["client", "federation"] : ["client"];
    case "media":
      return ["media"];
    case "background":
      return healthOnly;
  }
}
