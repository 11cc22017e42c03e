import { afterAll, beforeAll } from "@jest/globals";
import { Client } from "pg";
import { applyMigrations } from "../migrations/apply.ts";
import { type DatabaseConnection, type PostgresServer, startPostgres } from "../tools/servers/postgres.ts";

/** For a test file: a PostgreSQL of its own, with a database that has all migrations, and a client on it. */
export function migratedDatabase() {
  let server: PostgresServer;
  let database: DatabaseConnection;
  let client: Client;
  beforeAll(async () => {
    server = await startPostgres();
    database = await server.createDatabase();
    await applyMigrations(database);
    client = new Client(database);
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });
  return {
    get server() {
      return server;
    },
    get database() {
      return database;
    },
    get client() {
      return client;
    },
  };
}
