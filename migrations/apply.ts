import { Client, type ClientConfig } from "pg";
import * as z from "zod";
import {
  changedMessage,
  createBookkeeping,
  LIMIT_LOCK_WAIT,
  PASSWORD_SETTING,
  setProvisionerPassword,
  TAKE_LOCK,
} from "./bookkeeping.ts";
import { type Migration, readMigrations } from "./files.ts";
import { splitStatements } from "./statements.ts";

/** A migration failed, and its transaction was rolled back. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

export interface ApplyOptions {
  /** @default - the files of `migrations/` in the working directory */
  readonly migrations?: readonly Migration[];
  /** Sets the password of the user provisioner's role. @default - the password stays unchanged */
  readonly userProvisionerPassword?: string;
}

/**
 * Brings a database to the newest schema: applies the files that are not yet applied, in order, each in a transaction.
 * Writes the same records as the migration task on AWS. May run again, and in parallel.
 *
 * @returns the names of the files that this run applied
 * @throws MigrationError with the statement and PostgreSQL's message, or if an applied file was changed
 */
export async function applyMigrations(
  connection: ClientConfig,
  { migrations = readMigrations(), userProvisionerPassword }: ApplyOptions = {},
): Promise<string[]> {
  const client = new Client(connection);
  // A lost connection also fails the running query, which reports it.
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("set client_min_messages = warning");
    await client.query(TAKE_LOCK);
    await client.query(LIMIT_LOCK_WAIT);
    await client.query(createBookkeeping());
    const applied: string[] = [];
    for (const migration of migrations) {
      if (await isApplied(client, migration)) continue;
      await applyOne(client, migration);
      applied.push(migration.name);
    }
    if (userProvisionerPassword !== undefined) {
      await client.query("select set_config($1, $2, false)", [PASSWORD_SETTING, userProvisionerPassword]);
      await client.query(setProvisionerPassword());
    }
    return applied;
  } finally {
    await client.end();
  }
}

const records = z.array(z.object({ checksum: z.string() }));

async function isApplied(client: Client, migration: Migration): Promise<boolean> {
  const { rows } = await client.query(
    "select checksum from public.chat_schema_migrations where version = $1",
    [migration.version],
  );
  const [record] = records.parse(rows);
  if (record && record.checksum !== migration.checksum) throw new MigrationError(changedMessage(migration));
  return record !== undefined;
}

async function applyOne(client: Client, migration: Migration): Promise<void> {
  await client.query("begin");
  try {
    for (const statement of splitStatements(migration.sql)) {
      await client.query(statement).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        throw new MigrationError(`migration ${migration.name}: ${reason}\nSTATEMENT: ${statement}`, {
          cause: error,
        });
      });
    }
    await client.query(
      "insert into public.chat_schema_migrations (version, name, checksum) values ($1, $2, $3)",
      [migration.version, migration.name, migration.checksum],
    );
    await client.query("commit");
  } catch (error) {
    // The first error is reported. If the connection died, the server has rolled back.
    await client.query("rollback").catch(() => {});
    throw error;
  }
}
