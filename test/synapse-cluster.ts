import { randomBytes } from "node:crypto";
import * as z from "zod";
import type { HomeserverConfig } from "../modules/chat-synapse/homeserver/config.ts";
import { type Worker, type WorkerCounts, workersOf } from "../modules/chat-synapse/workers/workers.ts";
import { environment, Template } from "../stacks/chat/template.ts";
import { freePort } from "../tools/servers/free-port.ts";
import { type AlbServer, startAlb } from "../tools/servers/load-balancer.ts";
import { loadBalancer } from "../tools/servers/load-balancer-rules.ts";
import type { PostgresServer } from "../tools/servers/postgres.ts";
import type { Redis } from "../tools/servers/redis.ts";
import {
  deploySynapse,
  exampleProps,
  type Ports,
  type Synapse,
  type SynapseDeployment,
} from "../tools/servers/synapse.ts";

const host = "127.0.0.1";

/** A homeserver with several processes behind the synthesised rules of the load balancer, all on this machine. */
export interface SynapseCluster {
  readonly deployment: SynapseDeployment;
  readonly alb: AlbServer;
  /** A process: `main`, or a worker by its name. */
  process(name: string): Synapse;
  readonly names: readonly string[];
  /** Starts a stopped process again, on the same ports. */
  restart(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts the main process, then its workers, from the configuration that is deployed. */
export async function startCluster(
  postgres: PostgresServer,
  redis: Redis,
  counts: WorkerCounts,
): Promise<SynapseCluster> {
  const workers = new Map(workersOf(counts).map((worker) => [worker.name, worker]));
  const names = ["main", ...workers.keys()];
  const ports = new Map<string, Required<Ports>>();
  for (const name of names)
    ports.set(name, {
      port: await freePort(),
      metricsPort: await freePort(),
      replicationPort: await freePort(),
    });

  const deployment = await deploySynapse(postgres, {
    workers: { counts, redis, hostOf: () => host },
  });
  const replicationSecret = randomBytes(32).toString("base64url");
  const start = (worker: Worker | undefined) =>
    deployment.start({
      ...(worker && { worker }),
      ports: found(ports, worker?.name ?? "main"),
      config: (config) => withPorts(config, ports),
      environment: { SYNAPSE_REPLICATION_SECRET: replicationSecret },
    });

  const running = new Map<string, Synapse>();
  // The main process creates the tables that the workers need.
  running.set("main", await start(undefined));
  // Two at a time: as many as there are processors.
  const waiting = [...workers.values()];
  await Promise.all(
    [1, 2].map(async () => {
      for (let worker = waiting.shift(); worker; worker = waiting.shift())
        running.set(worker.name, await start(worker));
    }),
  );

  const template = new Template(environment({ workers: counts }));
  const alb = await startAlb(
    loadBalancer(Object.values(template.resources("aws_lb_listener_rule"))),
    exampleProps.serverName,
    targetsOf(template),
    (name) => `http://${host}:${found(ports, name).port}`,
  );
  return {
    deployment,
    alb,
    names,
    process: (name) => found(running, name),
    async restart(name) {
      running.set(name, await start(workers.get(name)));
    },
    async stop() {
      await alb.stop();
      await Promise.all([...running.values()].map((process) => process.stop()));
      await deployment.remove();
    },
  };
}

function found<T>(map: ReadonlyMap<string, T>, name: string): T {
  const value = map.get(name);
  if (value === undefined) throw new Error(`no process ${name}; there are ${[...map.keys()].join(", ")}`);
  return value;
}

const instanceMap = z.record(z.string(), z.object({ host: z.string(), port: z.number() }));

/** All processes run on one machine, so they differ by their ports. */
function withPorts(config: HomeserverConfig, ports: ReadonlyMap<string, Required<Ports>>) {
  const instances = instanceMap.parse("instance_map" in config ? config.instance_map : undefined);
  return {
    ...config,
    instance_map: Object.fromEntries(
      Object.entries(instances).map(([name, at]) => [
        name,
        { ...at, port: found(ports, name).replicationPort },
      ]),
    ),
  };
}

const service = z.object({
  name: z.string(),
  load_balancer: z.array(z.object({ target_group_arn: z.string() })).default([]),
});

/** The processes behind a target group, by the synthesised services. */
function targetsOf(template: Template) {
  const services = Object.values(template.resources("aws_ecs_service")).map((body) => service.parse(body));
  return (targetGroup: string) =>
    services
      .filter(({ load_balancer }) => load_balancer.some((one) => one.target_group_arn === targetGroup))
      .map(({ name }) => (name === "phenom-dev-synapse" ? "main" : name.replace("phenom-dev-synapse-", "")));
}
