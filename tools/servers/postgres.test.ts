import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import { libpqEnvironment, type PostgresServer, startPostgres } from "./postgres.ts";

const run = promisify(execFile);

describe("the PostgreSQL that the tests run against", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.stop());

  it("is version 17 and accepts the master user over verified TLS, without superuser rights", async () => {
    const client = new Client(await server.createDatabase());
    await client.connect();
    const { rows } = await client.query(
      `select current_setting('server_version_num')::int / 10000 as version, ssl,
              rolsuper, rolcreatedb, rolcreaterole
         from pg_stat_ssl, pg_roles where pid = pg_backend_pid() and rolname = current_user`,
    );
    await client.end();
    expect(rows).toEqual([
      { version: 17, ssl: true, rolsuper: false, rolcreatedb: true, rolcreaterole: true },
    ]);
  });

  it("refuses a connection without TLS", async () => {
    const connection = await server.createDatabase();
    await expect(new Client({ ...connection, ssl: false }).connect()).rejects.toThrow(/no encryption/);
  });

  it("has a certificate that no other authority trusts", async () => {
    const connection = await server.createDatabase();
    await expect(new Client({ ...connection, ssl: true }).connect()).rejects.toThrow(/certificate/);
  });

  it("is reached by psql with the libpq variables", async () => {
    const connection = await server.createDatabase();
    const { stdout } = await run("psql", ["-XAtc", "select current_database()"], {
      env: {
        ...process.env,
        ...libpqEnvironment(connection),
        PGSSLMODE: "verify-full",
        PGSSLROOTCERT: server.caFile,
      },
    });
    expect(stdout.trim()).toBe(connection.database);
  });

  it("keeps its data and its port when it is stopped and started", async () => {
    const connection = await server.createDatabase();
    const before = new Client(connection);
    await before.connect();
    await before.query("create table kept as select 1 as one");
    await before.end();
    await server.pause();
    await expect(new Client(connection).connect()).rejects.toThrow();
    await server.resume();
    const after = new Client(connection);
    await after.connect();
    expect((await after.query("select one from kept")).rows).toEqual([{ one: 1 }]);
    await after.end();
  });
});
