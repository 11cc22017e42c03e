import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { escapeIdentifier } from "pg";
import { requiredVariables } from "../../../test/task.ts";
import {
  type DatabaseConnection,
  type PostgresServer,
  query,
  startPostgres,
} from "../../../tools/servers/postgres.ts";
import { setUpDatabase } from "../../../tools/servers/synapse.ts";
import { databaseSetupCommand } from "./database-setup.ts";

describe("the database setup task, run by a user with the rights of the RDS master", () => {
  let postgres: PostgresServer;
  let maintenance: DatabaseConnection;
  /** A database that the task has made, and what it wrote. */
  let database: { name: string; user: string };
  let output: string;

  beforeAll(async () => {
    postgres = await startPostgres();
    maintenance = { ...(await postgres.createDatabase()), database: "postgres" };
    database = fresh();
    output = (await setUp(database)).stdout;
    await query(as(database.user, database.name), "create table kept as select 7 as value");
  });
  afterAll(() => postgres?.stop());

  const password = "a:b\\c'd\"e$(f) g";
  const fresh = () => {
    const name = `synapse_${randomBytes(4).toString("hex")}`;
    return { name, user: name };
  };
  const setUp = (database: { name: string; user: string }, changes: Record<string, string> = {}) =>
    setUpDatabase(postgres, database, password, changes);
  const as = (user: string, database: string, secret = password): DatabaseConnection => ({
    ...maintenance,
    ...{ user, database, password: secret },
  });
  const facts = async (name: string) =>
    (
      await query(
        maintenance,
        "select datcollate, datctype, pg_encoding_to_char(encoding) as encoding, datlocprovider, pg_get_userbyid(datdba) as owner, datacl::text from pg_database where datname = $1",
        [name],
      )
    )[0];

  it("makes a database with collation C and UTF8 on an empty server, which its own role can use", async () => {
    expect(output).toContain(`${database.user} can use ${database.name}`);
    expect(await facts(database.name)).toMatchObject({
      ...{ datcollate: "C", datctype: "C", encoding: "UTF8", datlocprovider: "c", owner: database.user },
    });
    const role = as(database.user, database.name);
    expect(await query(role, "insert into kept values (8) returning value, 'ß' as text")).toEqual([
      { value: 8, text: "ß" },
    ]);
    await query(role, "delete from kept where value = 8");
  });

  it("keeps everything and reports it when it runs again", async () => {
    const before = await facts(database.name);
    const { stdout } = await setUp(database);
    expect(stdout).toContain(`role ${database.user} is there`);
    expect(stdout).toContain(`database ${database.name} is there`);
    expect(await facts(database.name)).toEqual(before);
    expect(await query(as(database.user, database.name), "select value from kept")).toEqual([{ value: 7 }]);
  });

  it("sets a new password, after which the old one is refused", async () => {
    const database = fresh();
    await setUp(database);
    await setUpDatabase(postgres, database, "the-next-one");
    await expect(query(as(database.user, database.name), "select 1")).rejects.toThrow(/password/);
    expect(await query(as(database.user, database.name, "the-next-one"), "select 1 as one")).toEqual([
      { one: 1 },
    ]);
  });

  it("succeeds twice when it is started twice at once", async () => {
    const database = fresh();
    await Promise.all([setUp(database), setUp(database)]);
    expect(await facts(database.name)).toMatchObject({ owner: database.user });
  });

  it("continues where an earlier run was interrupted", async () => {
    const database = fresh();
    await query(maintenance, `create role ${database.user}`);
    await setUp(database);
    expect(await facts(database.name)).toMatchObject({ owner: database.user });
  });

  it("keeps other roles of the server out of the database", async () => {
    const { user } = fresh();
    await query(maintenance, `create role ${user} login password 'other'`);
    await expect(query(as(user, database.name, "other"), "select 1")).rejects.toThrow(/permission denied/);
  });

  it("lets the master user connect to the database and read it, to dump and repair it", async () => {
    const master = { ...maintenance, database: database.name };
    expect(await query(master, "select value from kept")).toEqual([{ value: 7 }]);
  });

  it("grants the master user the rights that an earlier version did not grant", async () => {
    const database = fresh();
    await setUp(database);
    await query(maintenance, `grant ${database.user} to current_user with inherit false`);
    const master = { ...maintenance, database: database.name };
    await expect(query(master, "select 1")).rejects.toThrow(/permission denied for database/);
    await setUp(database);
    expect(await query(master, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("makes a role without rights beyond its database", async () => {
    const [role] = await query(
      maintenance,
      "select rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls from pg_roles where rolname = $1",
      [database.user],
    );
    expect(Object.values(role ?? {})).toEqual([false, false, false, false, false]);
  });

  it.each([
    ["collation", "template template0 lc_collate 'C.UTF-8' lc_ctype 'C'"],
    ["ctype", "template template0 lc_collate 'C' lc_ctype 'C.UTF-8'"],
    ["encoding", "template template0 encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'"],
  ])("refuses a database with the wrong %s and names the remedy", async (_, options) => {
    const database = fresh();
    await query(maintenance, `create database ${database.name} ${options}`);
    const error = await failure(setUp(database));
    expect(error).toMatch(/Synapse needs C, C and UTF8/);
    expect(error).toMatch(new RegExp(`drop database ${database.name}; and run this again`));
    expect(error).toMatch(/pg_dump/);
  });

  it("refuses a database of another owner and names the remedy", async () => {
    const database = fresh();
    await query(
      maintenance,
      `create database ${database.name} template template0 lc_collate 'C' lc_ctype 'C'`,
    );
    expect(await failure(setUp(database))).toContain(
      `alter database ${database.name} owner to ${database.user};`,
    );
  });

  it("refuses a role that another user made and names the remedy", async () => {
    const database = fresh();
    await query(postgres.asSuperuser(maintenance), `create role ${database.user}`);
    const error = await failure(setUp(database));
    expect(error).toContain(`grant ${database.user} to ${postgres.master.user} with admin option;`);
    await query(
      postgres.asSuperuser(maintenance),
      `grant ${database.user} to ${escapeIdentifier(postgres.master.user)} with admin option`,
    );
    await setUp(database);
  });

  it("never prints the password", async () => {
    const database = fresh();
    await query(postgres.asSuperuser(maintenance), `create role ${database.user}`);
    const secret = "very-secret-value";
    const refused = await failure(setUpDatabase(postgres, database, secret));
    expect(refused).not.toContain(secret);
    const { stdout, stderr } = await setUpDatabase(postgres, fresh(), secret);
    expect(stdout + stderr).not.toContain(secret);
  });

  it.each(
    requiredVariables(databaseSetupCommand()),
  )("prints one line and exits with 64 without %s", async (name) => {
    const error = await setUp(fresh(), { [name]: "" }).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      code: 64,
      stderr: `synapse database: the environment variable ${name} is missing or empty\n`,
    });
  });

  it("is valid for a POSIX shell", async () => {
    const [, , script = ""] = databaseSetupCommand();
    const { stderr } = await promisify(execFile)("sh", ["-n", "-c", script]);
    expect(stderr).toBe("");
  });
});

/** What a failing run wrote to stderr. */
async function failure(running: Promise<unknown>): Promise<string> {
  const error: unknown = await running.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (typeof error !== "object" || error === null || !("stderr" in error)) {
    throw new Error("the command should have failed");
  }
  return String(error.stderr);
}
