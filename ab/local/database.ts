import { readFile } from "node:fs/promises";
import { Client } from "pg";
import { z } from "zod";
import { type PostgresServer, startPostgres } from "../../test/postgres.ts";
import type { Observation, PartUsage } from "../side.ts";
import { machineCpuSeconds, type Program, usage } from "./processes.ts";

/** A PostgreSQL of its own for one run, the same for every implementation, and what it has used. */
export interface ObservedDatabase {
  readonly server: PostgresServer;
  /** Process id of the server, whose children are its connections. */
  readonly pid: number;
  /** Bytes of all databases. */
  bytes(): Promise<number>;
  stop(): Promise<void>;
}

const sizeSchema = z.object({ bytes: z.coerce.number() });
const pidSchema = z.object({ pid: z.number() });

export async function startObservedDatabase(): Promise<ObservedDatabase> {
  const server = await startPostgres({ durable: true });
  const client = new Client(server.asSuperuser(await server.createDatabase("observer")));
  await client.connect();
  const one = async <Row>(sql: string, row: z.ZodType<Row>) => row.parse((await client.query(sql)).rows[0]);
  const { pid } = await one("select pg_backend_pid() as pid", pidSchema);
  return {
    server,
    pid: await parentOf(pid),
    bytes: async () =>
      (await one("select sum(pg_database_size(oid)) as bytes from pg_database", sizeSchema)).bytes,
    async stop() {
      await client.end();
      await server.stop();
    },
  };
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

/** Looks at all processes of an implementation at once. */
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
