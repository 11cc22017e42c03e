import { readFile } from "node:fs/promises";
import { Client, DatabaseError } from "pg";
import * as z from "zod";
import { type DatabaseConnection, type PostgresServer, startPostgres } from "../../servers/postgres.ts";
import type { Program } from "../../servers/program.ts";
import type { Observation, PartUsage } from "../side.ts";
import { machineCpuSeconds, usage } from "./usage.ts";

/** A PostgreSQL server for one run, configured the same for every implementation, whose resources are measured. */
export interface ObservedDatabase {
  readonly server: PostgresServer;
  /** Process id of the server; its children serve the connections. */
  readonly pid: number;
  /** Bytes of rows, index entries and TOAST. */
  bytes(): Promise<number>;
  stop(): Promise<void>;
}

const OBSERVER = "observer";
const pidSchema = z.object({ pid: z.number() });
const namesSchema = z.array(z.object({ datname: z.string() }));
const sizeSchema = z.object({ bytes: z.coerce.number() });

/**
 * Tables grow by several pages at once, so file sizes say little about a few hundred messages. Counts tuples within the
 * pages instead, and file sizes only of indexes that pgstattuple cannot read.
 */
const STORED = `
  select coalesce(sum(
    case when am.amname in ('heap', 'btree', 'hash')
      then (select tuple_len from observer.pgstattuple(c.oid::regclass))
      else pg_relation_size(c.oid) end), 0) as bytes
  from pg_class c left join pg_am am on am.oid = c.relam
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
    async bytes() {
      const { rows } = await client.query(
        "select datname from pg_database where not datistemplate and datname not in ('postgres', $1)",
        [OBSERVER],
      );
      let bytes = 0;
      for (const { datname } of namesSchema.parse(rows))
        bytes += await storedBytes({ ...superuser, database: datname });
      return bytes;
    },
    async stop() {
      await client.end();
      await server.stop();
    },
  };
}

async function storedBytes(connection: DatabaseConnection): Promise<number> {
  const client = new Client(connection);
  await client.connect();
  try {
    await client.query(
      "create schema if not exists observer; create extension if not exists pgstattuple schema observer",
    );
    for (let attempt = 1; ; attempt++) {
      try {
        return sizeSchema.parse((await client.query(STORED)).rows[0]).bytes;
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
export function observer(database: ObservedDatabase, others: readonly Watched[]): () => Promise<Observation> {
  const watched: Watched[] = [...others, { part: "postgres", pid: database.pid }];
  return async () => {
    const used = await usage(watched.map(({ pid }) => pid));
    const machine = await machineCpuSeconds();
    const parts = watched.map(async ({ part, logBytes }, index) => ({
      part,
      cpuSeconds: used[index]?.cpuSeconds ?? 0,
      memoryMiB: used[index]?.memoryMiB ?? 0,
      logBytes: (await logBytes?.()) ?? 0,
    }));
    return {
      parts: await Promise.all(parts),
      machineCpuSeconds: machine,
      databaseBytes: await database.bytes(),
    };
  };
}

export const watch = (part: PartUsage["part"], program: Program<unknown>): Watched => ({ part, ...program });
