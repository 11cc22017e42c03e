import { readFile } from "node:fs/promises";
import { Client, DatabaseError } from "pg";
import * as z from "zod";
import { type DatabaseConnection, type PostgresServer, startPostgres } from "../../servers/postgres.ts";
import type { Program } from "../../servers/program.ts";
import type { Observation, PartUsage, Target } from "../side.ts";
import { machineCpuSeconds, usage } from "./usage.ts";

/** A PostgreSQL server for one run, configured the same for every implementation, whose resources are measured. */
export interface ObservedDatabase {
  readonly server: PostgresServer;
  /** Process id of the server; its children serve the connections. */
  readonly pid: number;
  stored(): Promise<Stored>;
  stop(): Promise<void>;
}

interface Stored {
  /** Rows, index entries and TOAST. */
  readonly bytes: number;
  readonly rows: number;
  /** Connections to the databases. */
  readonly connections: number;
}

const OBSERVER = "observer";
const pidSchema = z.object({ pid: z.number() });
const namesSchema = z.array(z.object({ datname: z.string() }));
const sizeSchema = z.object({ bytes: z.coerce.number(), rows: z.coerce.number() });
const connectionsSchema = z.object({ connections: z.coerce.number() });

/**
 * Tables grow by several pages at once, so file sizes say little about a few hundred messages. Counts tuples within the
 * pages instead, and file sizes only of indexes that pgstattuple cannot read, such as one that Synapse is still building.
 */
const STORED = `
  select coalesce(sum(coalesce(counted.tuple_len, pg_relation_size(c.oid))), 0) as bytes,
    coalesce(sum(counted.tuple_count) filter (where c.relkind = 'r'), 0) as rows
  from pg_class c left join pg_am am on am.oid = c.relam left join pg_index i on i.indexrelid = c.oid
    left join lateral observer.pgstattuple(
      (case when am.amname in ('heap', 'btree', 'hash') and i.indisvalid is not false then c.oid end)::regclass) counted
      on true
  where c.relkind in ('r', 'i', 't') and c.relpersistence = 'p' and c.oid >= 16384`;

export async function startObservedDatabase(): Promise<ObservedDatabase> {
  const server = await startPostgres({ durable: true });
  const superuser = server.asSuperuser(await server.createDatabase(OBSERVER));
  const client = new Client(superuser);
  await client.connect();
  const { pid } = pidSchema.parse((await client.query("select pg_backend_pid() as pid")).rows[0]);
  return {
    server,
    pid: await parentOf(pid),
    async stored() {
      const connections = await client.query(
        "select count(*) as connections from pg_stat_activity where backend_type = 'client backend' and datname <> $1",
        [OBSERVER],
      );
      const { rows } = await client.query(
        "select datname from pg_database where not datistemplate and datname not in ('postgres', $1)",
        [OBSERVER],
      );
      const sum = { bytes: 0, rows: 0 };
      for (const { datname } of namesSchema.parse(rows)) {
        const size = await sizeOf({ ...superuser, database: datname });
        sum.bytes += size.bytes;
        sum.rows += size.rows;
      }
      return { ...sum, ...connectionsSchema.parse(connections.rows[0]) };
    },
    async stop() {
      await client.end();
      await server.stop();
    },
  };
}

async function sizeOf(connection: DatabaseConnection): Promise<z.infer<typeof sizeSchema>> {
  const client = new Client(connection);
  await client.connect();
  try {
    await client.query(
      "create schema if not exists observer; create extension if not exists pgstattuple schema observer",
    );
    for (let attempt = 1; ; attempt++) {
      try {
        return sizeSchema.parse((await client.query(STORED)).rows[0]);
      } catch (error) {
        // Just after its start Synapse may drop an index between the list and the read.
        if (!(error instanceof DatabaseError && error.code === "XX000") || attempt === 5) throw error;
      }
    }
  } finally {
    await client.end();
  }
}

async function parentOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
}

interface Watched {
  readonly part: PartUsage["part"];
  readonly pid: number;
  readonly logBytes?: () => Promise<number>;
}

/** Observes all processes of an implementation at once. */
export function observer(
  database: ObservedDatabase,
  others: readonly Watched[],
): NonNullable<Target["observe"]> {
  const watched: Watched[] = [...others, { part: "postgres", pid: database.pid }];
  return async (step): Promise<Observation> => {
    const before = step === "begins" ? await database.stored() : undefined;
    const used = await usage(watched.map(({ pid }) => pid));
    const machine = await machineCpuSeconds();
    const parts = watched.map(async ({ part, logBytes }, index) => ({
      part,
      cpuSeconds: used[index]?.cpuSeconds ?? 0,
      memoryMiB: used[index]?.memoryMiB ?? 0,
      logBytes: (await logBytes?.()) ?? 0,
    }));
    const all = await Promise.all(parts);
    const { bytes, rows, connections } = before ?? (await database.stored());
    return {
      parts: all,
      machineCpuSeconds: machine,
      databaseBytes: bytes,
      databaseRows: rows,
      connections,
    };
  };
}

export const watch = (part: PartUsage["part"], program: Program<unknown>): Watched => ({ part, ...program });
