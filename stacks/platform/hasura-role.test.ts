import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { applyMigrations } from "../../migrations/apply.ts";
import { requiredVariables } from "../../test/task.ts";
import {
  type DatabaseConnection,
  libpqEnvironment,
  type PostgresServer,
  query,
  startPostgres,
} from "../../tools/servers/postgres.ts";
import { hasuraRoleCommand } from "./hasura.ts";
import { PlatformTemplate } from "./template.ts";

const password = "a:b\\c'd\"e$(f) g";
const ROOM = "550e8400-e29b-41d4-a716-446655440003";

describe("the container that makes Hasura's role, run by a user with the rights of the RDS master", () => {
  let postgres: PostgresServer;
  let master: DatabaseConnection;
  beforeAll(async () => {
    postgres = await startPostgres();
    master = await postgres.createDatabase();
    await setUp();
  });
  afterAll(() => postgres?.stop());

  const setUp = (changes: Record<string, string> = {}) => {
    const [program = "", ...args] = hasuraRoleCommand();
    return promisify(execFile)(program, args, {
      env: {
        PATH: process.env["PATH"],
        ...libpqEnvironment(master),
        HASURA_DATABASE_USER: "hasura",
        HASURA_DATABASE_PASSWORD: password,
        ...changes,
      },
    });
  };
  const asHasura = (secret = password): DatabaseConnection => ({
    ...master,
    user: "hasura",
    password: secret,
  });

  it("lets Hasura keep its metadata in a schema of its own", async () => {
    await query(asHasura(), "create schema hdb_catalog");
    await query(asHasura(), "create table hdb_catalog.event_log (id int)");
  });

  it("lets Hasura use what migrations make later, and put its event triggers on it", async () => {
    await applyMigrations(master);
    expect(await query(asHasura(), "select name from chat_rooms where id = $1", [ROOM])).toEqual([
      { name: "Phenom Community" },
    ]);
    await query(
      asHasura(),
      "create function hdb_catalog.notify() returns trigger language plpgsql as $$ begin return null; end $$",
    );
    await query(
      asHasura(),
      "create trigger notify after insert on chat_link_preview_requests for each row execute function hdb_catalog.notify()",
    );
  });

  it("lets the owner use what Hasura makes, so that a migration reaches its event log", async () => {
    expect(await query(master, "select count(*)::int as rows from hdb_catalog.event_log")).toEqual([
      { rows: 0 },
    ]);
  });

  it("ends a query of Hasura after ten seconds", async () => {
    expect(await query(asHasura(), "show statement_timeout")).toEqual([{ statement_timeout: "10s" }]);
  });

  it("gives Hasura no right to make roles or databases", async () => {
    expect(
      await query(
        master,
        "select rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname = 'hasura'",
      ),
    ).toEqual([{ rolsuper: false, rolcreaterole: false, rolcreatedb: false }]);
  });

  it("succeeds for several tasks that start at once, and sets a new password", async () => {
    const next = { HASURA_DATABASE_PASSWORD: "the-next-one" };
    await Promise.all([setUp(next), setUp(next)]);
    await expect(query(asHasura(), "select 1")).rejects.toThrow(/password/);
    expect(await query(asHasura("the-next-one"), "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("names a variable that is missing, and shows the password in no error", async () => {
    await expect(setUp({ HASURA_DATABASE_PASSWORD: "" })).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringContaining("HASURA_DATABASE_PASSWORD is missing or empty"),
    });
    const refused = setUp({ HASURA_DATABASE_USER: "pg_reserved" });
    await expect(refused).rejects.toMatchObject({ code: 3 });
    await expect(refused).rejects.not.toMatchObject({ stderr: expect.stringContaining("a:b") });
  });

  it("requires the variables that the task definition sets", () => {
    const definitions = String(
      new PlatformTemplate().resource("aws_ecs_task_definition.hasura_service_task").container_definitions,
    );
    const setup = definitions.slice(definitions.indexOf('"phenom-dev-graphql-setup", "image"'));
    const set = [...setup.matchAll(/"name" = "([A-Z_]+)", "value/g)].map(([, name = ""]) => name);
    expect(set.sort()).toEqual(requiredVariables(hasuraRoleCommand()).sort());
  });
});
