import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import { migrationCommand } from "../modules/chat-hasura-lite/migration-task.ts";
import { USER_PROVISIONER_ROLE } from "../shared/database-roles.ts";
import { eventually } from "../test/jest/eventually.ts";
import { type Outcome, requiredVariables, startTask } from "../test/task.ts";
import {
  type DatabaseConnection,
  libpqEnvironment,
  type PostgresServer,
  query,
  startPostgres,
} from "../tools/servers/postgres.ts";
import { applyMigrations } from "./apply.ts";
import { type Migration, orderMigrations, readMigrations } from "./files.ts";

let server: PostgresServer;
/** A database that each way has migrated, for the tests that leave it as it is. */
let migrated: { readonly byTask: DatabaseConnection; readonly byLibrary: DatabaseConnection };
beforeAll(async () => {
  server = await startPostgres();
  migrated = { byTask: await server.createDatabase(), byLibrary: await server.createDatabase() };
  expect(await byTask(migrated.byTask)).toMatchObject({ code: 0 });
  expect(await byLibrary(migrated.byLibrary)).toMatchObject({ code: 0 });
});
afterAll(() => server.stop());

/** Runs the task's exact command with its variables, as ECS would in the stock image. */
const migrationTask = (
  connection: DatabaseConnection,
  migrations: readonly Migration[] = readMigrations(),
  variables: Record<string, string> = {},
) =>
  startTask(migrationCommand(migrations), {
    ...libpqEnvironment(connection),
    USER_PROVISIONER_PASSWORD: "p'a\"s s$w\\ord",
    ...variables,
  });

const byTask = async (connection: DatabaseConnection, migrations?: readonly Migration[]) =>
  migrationTask(connection, migrations).done;

const byLibrary = (connection: DatabaseConnection, migrations?: readonly Migration[]): Promise<Outcome> =>
  applyMigrations(connection, { userProvisionerPassword: "any", ...(migrations && { migrations }) }).then(
    (applied) => ({ code: 0, output: applied.join("\n") }),
    (error: unknown) => ({ code: 1, output: String(error) }),
  );

const records = (connection: DatabaseConnection) =>
  query(connection, "select * from chat_schema_migrations order by version");

/** Every table, column, constraint, index, trigger and function body of the schema, as text. */
async function describeSchema(connection: DatabaseConnection) {
  return query(
    connection,
    `select format('%s %s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) as line
       from information_schema.columns where table_schema = 'public'
     union all select indexdef from pg_indexes where schemaname = 'public'
     union all select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
       from pg_constraint where connamespace = 'public'::regnamespace
     union all select pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
     union all select pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
     union all select id || ' ' || name from chat_rooms
     order by 1`,
  );
}

const added = (...sql: string[]) =>
  orderMigrations([
    ...readMigrations(),
    ...sql.map((text, index) => ({ name: `${900 + index}-added`, sql: text })),
  ]);

describe.each([
  { way: "the migration task", migrate: byTask, database: () => migrated.byTask },
  { way: "applyMigrations", migrate: byLibrary, database: () => migrated.byLibrary },
])("$way", ({ migrate, database: alreadyMigrated }) => {
  it("brings an empty database to the schema and seeds the three rooms under their fixed ids", async () => {
    expect(await query(alreadyMigrated(), "select id, name, is_active from chat_rooms order by id")).toEqual([
      { id: "550e8400-e29b-41d4-a716-446655440001", name: "Phenom Internal", is_active: true },
      { id: "550e8400-e29b-41d4-a716-446655440002", name: "Phenom Partners", is_active: true },
      { id: "550e8400-e29b-41d4-a716-446655440003", name: "Phenom Community", is_active: true },
    ]);
  });

  it("writes version, name, checksum and time of every file it applied", async () => {
    expect(await records(alreadyMigrated())).toEqual(
      readMigrations().map(({ version, name, checksum }) => ({
        version,
        name,
        checksum,
        applied_at: expect.any(Date),
      })),
    );
  });

  it("changes nothing when it runs again, and keeps later changes of the data", async () => {
    const database = await server.createDatabase();
    await migrate(database);
    await query(
      database,
      "update chat_rooms set name = 'Crew', is_active = false where name = 'Phenom Internal'",
    );
    const before = [await records(database), await query(database, "select * from chat_rooms order by id")];
    expect(await migrate(database)).toMatchObject({ code: 0 });
    expect([await records(database), await query(database, "select * from chat_rooms order by id")]).toEqual(
      before,
    );
  });

  it("runs twice at once: both succeed and every file is applied once", async () => {
    const database = await server.createDatabase();
    const outcomes = await Promise.all([migrate(database), migrate(database), migrate(database)]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await records(database)).toHaveLength(readMigrations().length);
  });

  it("refuses a file that was changed after it was applied, and changes nothing", async () => {
    const database = await server.createDatabase();
    await migrate(database, added("select 1"));
    const { code, output } = await migrate(database, added("create table never()"));
    expect(code).not.toBe(0);
    expect(output).toContain("migration 900-added was changed after it was applied");
    expect(await query(database, "select to_regclass('never') as found")).toEqual([{ found: null }]);
  });

  it("leaves the database as it was when a file fails, and shows the statement and the error", async () => {
    const database = alreadyMigrated();
    const before = [await describeSchema(database), await records(database)];
    const failing = added(
      "create table half (n int); -- one\ninsert into half values (1/0); create table more ()",
    );
    const { code, output } = await migrate(database, failing);
    expect(code).not.toBe(0);
    expect(output).toContain("division by zero");
    expect(output).toContain("insert into half values (1/0)");
    expect([await describeSchema(database), await records(database)]).toEqual(before);
  });

  it("continues after the applied files when a later one has failed", async () => {
    const database = await server.createDatabase();
    await migrate(database, added("create table kept ()", "select 1/0"));
    expect(await migrate(database, added("create table kept ()", "create table mended ()"))).toMatchObject({
      code: 0,
    });
    expect(await records(database)).toHaveLength(readMigrations().length + 2);
  });

  it("stops waiting for a locked table, so that other statements do not queue behind it", async () => {
    const database = alreadyMigrated();
    const holder = new Client(database);
    await holder.connect();
    await holder.query("begin; lock table chat_messages");
    const impatient = added(
      "set local lock_timeout = '50ms'; alter table chat_messages add column extra text",
    );
    const { code, output } = await migrate(database, impatient);
    await holder.end();
    expect(code).not.toBe(0);
    expect(output).toContain("lock timeout");
  });

  it("keeps an existing users table with its rows and further columns", async () => {
    const database = await server.createDatabase();
    await query(
      database,
      `create table users (id text primary key, username text, display_name text, avatar_url text,
         email text not null, born date);
       insert into users values ('u1', 'ann', 'Ann', null, 'ann@example.org', '1990-01-01')`,
    );
    expect(await migrate(database)).toMatchObject({ code: 0 });
    expect(await query(database, "select id, email from users")).toEqual([
      { id: "u1", email: "ann@example.org" },
    ]);
  });

  it("names the columns that an existing users table lacks, and the remedy", async () => {
    const database = await server.createDatabase();
    await query(database, "create table users (id text primary key, username text)");
    const { code, output } = await migrate(database);
    expect(code).not.toBe(0);
    expect(output).toContain("public.users lacks the columns that the chat reads: display_name, avatar_url");
    expect(await query(database, "select to_regclass('chat_rooms') as found")).toEqual([{ found: null }]);
  });
});

describe("the two ways of migrating", () => {
  it("migrate the databases of one server at once, which share the roles, and again set the role's password", async () => {
    const databases = await Promise.all([1, 2, 3, 4].map(() => server.createDatabase()));
    const outcomes = await Promise.all(
      databases.map((database, n) => (n % 2 ? byTask(database) : byLibrary(database))),
    );
    expect(outcomes.filter(({ code }) => code !== 0)).toEqual([]);
    const again = databases.flatMap((database) => Array.from({ length: 4 }, () => byLibrary(database)));
    expect((await Promise.all(again)).filter(({ code }) => code !== 0)).toEqual([]);
  });

  it("make the same schema and the same records", async () => {
    expect(await describeSchema(migrated.byTask)).toEqual(await describeSchema(migrated.byLibrary));
    const withoutTime = async (database: DatabaseConnection) =>
      (await records(database)).map(({ applied_at, ...record }) => record);
    expect(await withoutTime(migrated.byTask)).toEqual(await withoutTime(migrated.byLibrary));
  });

  it("accept each other's records and can run at once", async () => {
    const database = await server.createDatabase();
    const outcomes = await Promise.all([byTask(database), byLibrary(database), byTask(database)]);
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(await records(database)).toHaveLength(readMigrations().length);
  });
});

describe("the migration task", () => {
  it("tries what a sign-in writes as the provisioner's role, and says what the table users would refuse", async () => {
    const database = await server.createDatabase();
    expect((await byTask(database)).output).not.toContain("preflight");
    await query(database, "alter table users add column email text not null default ''");
    await query(database, "alter table users alter column email drop default");
    const { code, output } = await byTask(database);
    expect(code).toBe(0);
    expect(output).toMatch(
      /^preflight: user of somebody new: .*column "email".*\npreflight: remedy: Give column email/m,
    );
    expect(await query(database, "select * from users")).toEqual([]);
  });

  it("leaves no part of a file when it is killed, and succeeds the next time", async () => {
    const database = await server.createDatabase();
    await byTask(database);
    const before = await describeSchema(database);
    const file = added("create table half (); select pg_sleep(60); create table other_half ()");
    const { child, done } = migrationTask(database, file);
    await eventually(
      async () =>
        expect(
          await query(
            database,
            "select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()",
          ),
        ).toHaveLength(1),
      { timeout: 20_000 },
    );
    child.kill("SIGKILL");
    await done;
    // The server notices the lost client at its next message; ending the sleep stands for that.
    await query(
      server.asSuperuser(database),
      "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%' and pid <> pg_backend_pid()",
    );
    expect(await describeSchema(database)).toEqual(before);
    expect(await byTask(database, added("create table half (); create table other_half ()"))).toMatchObject({
      code: 0,
    });
  });

  it.each(requiredVariables(migrationCommand()))("names the variable %s when it is missing", async (name) => {
    const { code, output } = await migrationTask(migrated.byTask, readMigrations(), { [name]: "" }).done;
    expect(code).toBe(64);
    expect(output).toContain(name);
  });

  it("exits non-zero when the password is wrong, and shows no password", async () => {
    const { code, output } = await migrationTask(migrated.byTask, readMigrations(), {
      PGPASSWORD: "wrong-one",
    }).done;
    expect(code).not.toBe(0);
    expect(output).toContain("password authentication failed");
    expect(output).not.toContain("wrong-one");
  });

  it("does not show the provisioner's password when setting it fails", async () => {
    const database = await server.createDatabase();
    await byTask(database);
    await query(
      server.asSuperuser(database),
      "create role other_master login createdb createrole password 'other'",
    );
    await query(
      database,
      `grant create, usage on schema public to other_master;
       grant all on all tables in schema public to other_master`,
    );
    const other = { ...database, user: "other_master", password: "other" };
    const { code, output } = await migrationTask(other, readMigrations(), {
      USER_PROVISIONER_PASSWORD: "hush-hush",
    }).done;
    expect(code).not.toBe(0);
    expect(output).toContain("the password of role chat_user_provisioner could not be set");
    expect(output).not.toContain("hush-hush");
  });

  it("needs no escaping in Terraform, because its command holds no template marker", () => {
    expect(migrationCommand().join("\n")).not.toMatch(/[$%]\{/);
  });

  it("runs nothing of a definition whose SQL was damaged", async () => {
    const database = await server.createDatabase();
    const [shell = "", option = "", text = ""] = migrationCommand();
    const damaged = text.replace(/(?<=printf %s '.{9000})..../, "AAAA");
    expect(damaged).not.toBe(text);
    const { code, output } = await startTask([shell, option, damaged], {
      ...libpqEnvironment(database),
      USER_PROVISIONER_PASSWORD: "any",
    }).done;
    expect([code, output]).toEqual([1, expect.stringContaining("can't be unpacked")]);
    expect(await query(database, "select to_regclass('chat_schema_migrations') as found")).toEqual([
      { found: null },
    ]);
  });

  it("names in its command each file that it would apply, with its checksum", () => {
    const text = migrationCommand().join("\n");
    for (const { name, checksum } of readMigrations()) expect(text).toContain(`# ${name} ${checksum}\n`);
  });

  it("refuses a file with a line that psql would run as a command", () => {
    expect(() => migrationCommand(added("select 1;\n\\! rm -rf /"))).toThrow(/would be read by psql/);
  });
});

describe("the user provisioner's database role", () => {
  const login = (password: string) => ({ ...migrated.byLibrary, user: USER_PROVISIONER_ROLE, password });

  it("logs in with the password of its secret, with any characters", async () => {
    await byTask(migrated.byLibrary);
    const provisioner = login("p'a\"s s$w\\ord");
    expect(await query(provisioner, "select current_user as me")).toEqual([{ me: USER_PROVISIONER_ROLE }]);
  });

  it("gets the new password in the next run after a rotation", async () => {
    await applyMigrations(migrated.byLibrary, { userProvisionerPassword: "old-password" });
    await applyMigrations(migrated.byLibrary, { userProvisionerPassword: "new-password" });
    expect(await query(login("new-password"), "select 1 as one")).toEqual([{ one: 1 }]);
    await expect(query(login("old-password"), "select 1")).rejects.toThrow(/authentication/);
  });

  it("may write users and memberships, and nothing else", async () => {
    await applyMigrations(migrated.byLibrary, { userProvisionerPassword: "provisioner" });
    const rights = await query(
      migrated.byLibrary,
      `select table_name as "table", privilege_type as "right", string_agg(column_name, ', ' order by column_name) as columns
         from information_schema.column_privileges where grantee = '${USER_PROVISIONER_ROLE}' group by 1, 2
       union all
       select table_name, privilege_type, null from information_schema.table_privileges
        where grantee = '${USER_PROVISIONER_ROLE}' and privilege_type = 'DELETE'
       order by 1, 2`,
    );
    expect(rights).toEqual([
      { table: "chat_members", right: "DELETE", columns: null },
      { table: "chat_members", right: "INSERT", columns: "role, room_id, user_id" },
      {
        table: "chat_members",
        right: "SELECT",
        columns: "id, is_muted, joined_at, muted_until, origin, role, room_id, user_id",
      },
      { table: "chat_members", right: "UPDATE", columns: "role" },
      {
        table: "chat_rooms",
        right: "SELECT",
        columns: "created_at, description, id, is_active, language, name",
      },
      { table: "users", right: "INSERT", columns: "avatar_url, display_name, id, username" },
      { table: "users", right: "SELECT", columns: "avatar_url, display_name, id, username" },
      { table: "users", right: "UPDATE", columns: "avatar_url, display_name, username" },
    ]);
    const provisioner = login("provisioner");
    await expect(query(provisioner, "select * from chat_messages")).rejects.toThrow(/permission denied/);
    await expect(query(provisioner, "update chat_members set is_muted = false")).rejects.toThrow(
      /permission denied/,
    );
  });
});
