import { production } from "../../environments/production.ts";
import { maxWorkers } from "../../modules/chat-synapse/workers/workers.ts";
import { assumptions } from "./cost.ts";
import { type Amounts, type Candidate, type Costs, type Counts, predicted } from "./costs.ts";
import { prices } from "./prices.ts";

/** People for whom the capacity is computed. */
export const sizes = [1_000, 30_000, 1_000_000, 30_000_000] as const;

/** What people do. Nobody measured it: replace it by what the dashboard shows. */
export const behaviour = {
  /** Share of all people whose app waits for messages at the busiest time. */
  online: 0.02,
  /** Messages that one of them sends in an hour. */
  messagesPerHour: 3,
  /** People of a room: up to this number everybody is in one, beyond there are more rooms. */
  roomPeople: 30_000,
  /** Starts of the app per person and day, each counted as a sign-in. */
  startsPerDay: 1,
  /** Tool calls of agents for each message. */
  callsPerMessage: 0.5,
  /** The busiest time against the mean of a month. */
  peak: 3,
} as const;

/** Facts about the parts, with what says so. */
export const facts = {
  /** CPUs that one process of Synapse uses at most: Python's lock. */
  processCpus: 1,
  /** Virtual CPUs of RDS's largest db.m5 instance, and of Aurora's largest db.r6g. */
  largestRds: 96,
  largestAurora: 64,
  /** Readers that an Aurora cluster takes. */
  auroraReaders: 15,
  /** Messages of one room that a database commits one after the other in a second, at 5 ms on RDS: docs/scaling.md. */
  roomCommits: 200,
  /** Connections that a process of Synapse and a task of Hasura's engine open at most. */
  synapsePool: 10,
  hasuraPool: 50,
  /** The most connections that RDS allows, whatever the instance's memory. */
  mostConnections: 5000,
  /** GB that an instance of RDS stores. */
  rdsStorageGb: 65_536,
  /** Share of the tool calls that write: one message to two reads. */
  writingCalls: 1 / 3,
  /** Seconds of one sign-in in the user provisioner, and its reserved concurrency. */
  provisionerSeconds: 0.1,
  provisionerConcurrency: 20,
} as const;

/** What happens in a second at the busiest time, and in a month. */
export interface Load {
  readonly people: number;
  readonly waiting: number;
  readonly receiversPerMessage: number;
  /** Messages of one room in a second, at the busiest time. */
  readonly perRoom: number;
  readonly perSecond: Counts;
  readonly perMonth: Counts;
}

export function loadOf(people: number, roomPeople: number = behaviour.roomPeople): Load {
  const { online, messagesPerHour, startsPerDay, callsPerMessage, peak } = behaviour;
  const waiting = people * online;
  const receiversPerMessage = Math.min(people, roomPeople) * online;
  const send = (waiting * messagesPerHour) / 3600;
  const perSecond = {
    idle: 1,
    waiting,
    send,
    member: send * Math.min(people, roomPeople),
    delivery: send * receiversPerMessage,
    signIn: (people * startsPerDay * peak) / 86_400,
    call: send * callsPerMessage,
  };
  const seconds = assumptions.hoursInMonth * 3600;
  const perMonth = Object.fromEntries(
    Object.entries(perSecond).map(([name, value]) => [
      name,
      (value * seconds) / (name === "idle" ? 1 : peak),
    ]),
  ) as Record<keyof Counts, number>;
  const perRoom = send * Math.min(1, roomPeople / people);
  return { people, waiting, receiversPerMessage, perRoom, perSecond, perMonth };
}

const none: Counts = { idle: 0, waiting: 0, send: 0, member: 0, delivery: 0, signIn: 0, call: 0 };
const only = (counts: Counts, ...names: readonly (keyof Counts)[]): Counts => ({
  ...none,
  ...Object.fromEntries(names.map((name) => [name, counts[name]])),
});

/** What each part of a side needs at the busiest time: CPUs at the assumed utilisation, and numbers of them. */
export interface Needs {
  readonly load: Load;
  readonly perSecond: Amounts;
  readonly perMonth: Amounts;
  /** Virtual CPUs of each task or worker kind, at the assumed utilisation. */
  readonly cpus: Readonly<Record<string, number>>;
  /** Tasks of each kind. */
  readonly tasks: Readonly<Record<string, number>>;
  readonly databaseCpus: { readonly writer: number; readonly readers: number };
  readonly connections: number;
  readonly storageGb: number;
}

const taskCpus = production.services.synapse.cpu / 1024;
const mcpCpus = production.services.mcp.cpu / 1024;

/** @param roomPeople people of a room at most */
export function needsOf(side: Candidate, costs: Costs, people: number, roomPeople?: number): Needs {
  const load = loadOf(people, roomPeople);
  const at = (...names: readonly (keyof Counts)[]) => predicted(costs, only(load.perSecond, ...names));
  const all = predicted(costs, load.perSecond);
  const perMonth = predicted(costs, load.perMonth);
  // An idle server stores nothing new, and what Synapse notes for each member goes after a day.
  const kept = predicted(costs, { ...load.perMonth, idle: 0, member: 0 }).databaseBytes;
  const day = predicted(costs, only(load.perMonth, "member")).databaseBytes / 30;
  const sized = (cpu: number) => cpu / assumptions.utilisation;
  const cpus = { mcp: sized(all.mcp), ...(side === "A" ? synapseCpus(at) : { hasura: sized(all.graphql) }) };
  const tasks = Object.fromEntries(
    Object.entries(cpus).map(([name, needed]) => [name, tasksOf(name, needed, cpus)]),
  );
  const count = Object.entries(tasks).reduce((sum, [name, n]) => sum + (name === "mcp" ? 0 : n), 0);
  const written = at("send", "member", "signIn").postgres + at("call").postgres * facts.writingCalls;
  return {
    ...{ load, perSecond: all, perMonth, cpus, tasks },
    databaseCpus: { writer: sized(written), readers: sized(all.postgres - written) },
    connections:
      side === "A"
        ? count * facts.synapsePool
        : count * facts.hasuraPool + Math.ceil(load.perSecond.signIn * facts.provisionerSeconds),
    storageGb: (kept * assumptions.retentionMonths + day) / assumptions.pageFill / 1e9,
  };

  /** One process while it suffices; beyond, a worker kind for each kind of work. */
  function synapseCpus(of: typeof at): Record<string, number> {
    const whole = sized(all.synapse);
    if (whole <= facts.processCpus) return { synapse: whole };
    return {
      main: sized(of("idle", "signIn").synapse),
      sync: sized(of("waiting", "delivery").synapse),
      events: sized(of("send", "member").synapse),
      client: sized(of("call").synapse),
    };
  }
}

/** The smallest number of tasks: those of Synapse have a CPU each at most. */
function tasksOf(name: string, cpus: number, all: Readonly<Record<string, number>>): number {
  if (name === "mcp") return Math.max(production.services.mcp.minCount, Math.ceil(cpus / mcpCpus));
  if (name === "hasura") return Math.max(1, Math.ceil(cpus / taskCpus));
  return "synapse" in all ? 1 : Math.max(1, Math.ceil(cpus / facts.processCpus));
}

/** Something that ends: the share of it that is used, and what replaces it. */
export interface Limit {
  readonly side: Candidate;
  readonly what: string;
  readonly used: (needs: Needs) => number;
  /** `undefined`: nothing within this implementation does. */
  readonly next: string | undefined;
}

const cpuOf = (needs: Needs, ...names: readonly string[]) =>
  names.reduce((sum, name) => sum + (needs.cpus[name] ?? 0), 0);
const synapseProcesses = ["synapse", "main", "sync", "events", "client"] as const;
const databaseOf = ({ databaseCpus: { writer, readers } }: Needs) => writer + readers;

export const limits: readonly Limit[] = [
  {
    side: "A",
    what: `Synapse's task of ${taskCpus} CPU`,
    used: (needs) => cpuOf(needs, ...synapseProcesses) / taskCpus,
    next: "a task of 1 CPU: `services.synapse`",
  },
  {
    side: "A",
    what: "one process of Synapse (1 CPU)",
    used: (needs) => cpuOf(needs, ...synapseProcesses) / facts.processCpus,
    next: "workers, beginning with `sync`, and Redis",
  },
  {
    side: "A",
    what: `${maxWorkers.sync} workers of kind sync`,
    used: (needs) => cpuOf(needs, "sync") / maxWorkers.sync,
    next: "more of them: `maxWorkers` and its listener rules, which spread people by account",
  },
  {
    side: "A",
    what: `${maxWorkers.events} worker of kind events`,
    used: (needs) => cpuOf(needs, "events") / maxWorkers.events,
    next: "several event persisters (`stream_writers.events`), among which Synapse spreads rooms; its limits by account then hold per process",
  },
  {
    side: "A",
    what: "the main process, which signs everybody in",
    used: (needs) => cpuOf(needs, "main"),
    next: "sign-in on workers of kind client: Synapse allows it, the module does not route it",
  },
  {
    side: "A",
    what: "connections to the database",
    used: ({ connections }) => connections / facts.mostConnections,
    next: "smaller pools, or RDS Proxy",
  },
  {
    side: "A",
    what: `the database's instance of ${assumptions.rdsVcpus} CPUs`,
    used: (needs) => databaseOf(needs) / assumptions.rdsVcpus,
    next: "a larger instance class",
  },
  {
    side: "A",
    what: `the largest instance, ${facts.largestRds} CPUs`,
    used: (needs) => databaseOf(needs) / facts.largestRds,
    // All processes of a homeserver use one writable database.
    next: undefined,
  },
  {
    side: "A",
    what: "the storage of an RDS instance, 64 TiB",
    used: ({ storageGb }) => storageGb / facts.rdsStorageGb,
    next: "keeping messages for a shorter time: `retention` in `homeserver.yaml`",
  },
  {
    side: "B",
    what: `Hasura's task of ${taskCpus} CPU`,
    used: (needs) => cpuOf(needs, "hasura") / taskCpus,
    next: "more tasks of it: it holds no state",
  },
  {
    side: "B",
    what: `the database's instance of ${assumptions.rdsVcpus} CPUs`,
    used: (needs) => databaseOf(needs) / assumptions.rdsVcpus,
    next: "a larger instance class",
  },
  {
    side: "B",
    what: `the largest instance, ${facts.largestRds} CPUs`,
    used: (needs) => databaseOf(needs) / facts.largestRds,
    next: "Aurora with readers for queries and subscriptions, to which Hasura sends them only in its Enterprise edition; messages partitioned by month, so that old ones cost no memory",
  },
  {
    side: "B",
    what: "the storage of an RDS instance, 64 TiB",
    used: ({ storageGb }) => storageGb / facts.rdsStorageGb,
    next: "Aurora, and partitions by month, of which old ones are moved out",
  },
  {
    side: "B",
    what: `${facts.auroraReaders} readers of Aurora`,
    used: ({ databaseCpus }) => databaseCpus.readers / (facts.auroraReaders * facts.largestAurora),
    next: "a longer poll interval, or pushing new messages instead of polling for them",
  },
  {
    side: "B",
    what: "Aurora's largest writer",
    used: ({ databaseCpus }) => databaseCpus.writer / facts.largestAurora,
    next: "several clusters, among which rooms are spread; the schema keeps rooms apart already",
  },
  {
    side: "B",
    what: `commits of one room, ${facts.roomCommits} a second`,
    used: ({ load }) => load.perRoom / facts.roomCommits,
    next: "smaller rooms: nobody reads so many messages",
  },
  {
    side: "B",
    what: `the provisioner's ${facts.provisionerConcurrency} functions at once`,
    used: ({ load }) => (load.perSecond.signIn * facts.provisionerSeconds) / facts.provisionerConcurrency,
    next: "`user_provisioner_concurrency`, within Lambda's quota, and RDS Proxy for its connections",
  },
  {
    side: "B",
    what: "connections to the database",
    used: ({ connections }) => connections / facts.mostConnections,
    next: "smaller pools, or RDS Proxy",
  },
  ...(["A", "B"] as const).map((side) => ({
    side,
    what: `${production.services.mcp.maxCount} tasks of the MCP server`,
    used: (needs: Needs) => cpuOf(needs, "mcp") / (production.services.mcp.maxCount * mcpCpus),
    next: "a higher `services.mcp.maxCount`: it holds no state",
  })),
];

const MOST_PEOPLE = 1e10;

/** People at whom a limit is reached; `undefined` beyond ten thousand million. */
export function reachedAt({ side, used }: Limit, costs: Costs, roomPeople?: number): number | undefined {
  const exceeds = (people: number) => used(needsOf(side, costs, people, roomPeople)) >= 1;
  if (!exceeds(MOST_PEOPLE)) return undefined;
  let [low, high] = [1, MOST_PEOPLE];
  while (high / low > 1.01) {
    const middle = Math.sqrt(low * high);
    if (exceeds(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** US dollars in a month: tasks and instances for the busiest time, all month; the rest by use. */
export function monthlyUsd(side: Candidate, { tasks, databaseCpus, storageGb, perMonth, load }: Needs) {
  const { hoursInMonth } = assumptions;
  const hourly = ({ cpu, memory }: { cpu: number; memory: number }, cpus = cpu / 1024) =>
    cpus * prices.fargateVcpuHour.usd + (memory / 1024) * (cpus / (cpu / 1024)) * prices.fargateGbHour.usd;
  const { mcp, synapse, synapseAdmin } = production.services;
  const workers = Object.keys(tasks).length > 2;
  const taskUsd = Object.entries(tasks).reduce(
    (sum, [name, count]) =>
      sum + count * (name === "mcp" ? hourly(mcp) : hourly(synapse, workers ? 1 : undefined)),
    side === "A" ? hourly(synapseAdmin) : 0,
  );
  const cpus = databaseCpus.writer + databaseCpus.readers;
  const aurora = side === "B" && cpus > facts.largestRds;
  const instanceUsd = aurora
    ? cpus * prices.auroraVcpuHour.usd
    : Math.max(1, cpus / assumptions.rdsVcpus) * prices.rdsInstanceHour.usd;
  const gb = (bytes: number) => bytes / 1e9;
  return {
    "Tasks on Fargate": taskUsd * hoursInMonth,
    "Redis, two nodes": side === "A" && workers ? 2 * prices.redisNodeHour.usd * hoursInMonth : 0,
    "Database, instances": instanceUsd * hoursInMonth,
    "Database, storage": storageGb * (aurora ? prices.auroraStorageGbMonth : prices.rdsStorageGbMonth).usd,
    "CloudWatch Logs": gb(perMonth.logBytes) * prices.logsGb.usd,
    "Functions at sign-ins":
      side === "B"
        ? (2 * load.perMonth.signIn * prices.lambdaMillion.usd) / 1e6 +
          2 * load.perMonth.signIn * facts.provisionerSeconds * (128 / 1024) * prices.lambdaGbSecond.usd
        : 0,
    "Load balancer, by bytes": gb(perMonth.receivedBytes) * prices.albLcuHour.usd,
    "Transfer to the internet": gb(perMonth.receivedBytes) * prices.transferOutGb.usd,
  };
}

export const sumUsd = (items: ReturnType<typeof monthlyUsd>): number =>
  Object.values(items).reduce((sum, usd) => sum + usd, 0);
