import type { TableEntry } from "@hasura/metadata";
import { type Client, escapeIdentifier } from "pg";
import {
  HasuraSql,
  NotPermitted,
  type PermissionKind,
  permissionOf,
  trackedTable,
} from "../tools/servers/hasura-permissions.ts";

type Row = Record<string, unknown>;

/**
 * Does on PostgreSQL what Hasura v2 documents for a role's permissions: `select` and `delete` see the rows
 * that the filter holds for, `update` those, with a check of the new rows, `insert` checks the new row;
 * columns outside the permission do not exist, presets come from the session.
 */
export function roleOn(
  client: Client,
  tables: readonly TableEntry[],
  role: string,
  session: Record<string, string>,
) {
  const permission = (kind: PermissionKind, name: string) =>
    permissionOf(trackedTable(tables, name), kind, role);
  const newSql = () => new HasuraSql(tables, session);

  const assertColumns = (allowed: string[] | string, used: readonly string[], name: string) => {
    const unknown = used.find((column) => typeof allowed === "string" || !allowed.includes(column));
    if (unknown !== undefined) throw new NotPermitted(`field "${unknown}" not found in ${name} for ${role}`);
  };
  const assertCheck = (rows: Row[]) => {
    if (rows.some((row) => row["_check"] !== true))
      throw new NotPermitted("check constraint of an insert/update permission has failed");
    return rows.map(({ _check, ...row }) => row);
  };

  /** One request: a transaction in which hasura.user is set, undone when the request is refused. */
  const request = async <T>(run: () => Promise<T>): Promise<T> => {
    await client.query("savepoint request");
    try {
      await client.query("select set_config('hasura.user', $1, true)", [
        JSON.stringify({ "x-hasura-role": role, ...session }),
      ]);
      const result = await run();
      await client.query("release request");
      return result;
    } catch (error) {
      await client.query("rollback to request");
      throw error;
    }
  };

  return {
    async select(name: string, columns?: readonly string[], from = escapeIdentifier(name)): Promise<Row[]> {
      const granted = permission("select", name);
      if (!("columns" in granted) || typeof granted.columns === "string") throw new Error("name the columns");
      const wanted = columns ?? granted.columns;
      assertColumns(
        [...granted.columns, ...("computed_fields" in granted ? (granted.computed_fields ?? []) : [])],
        wanted,
        name,
      );
      const sql = newSql();
      const filter = sql.condition(name, "r", ("filter" in granted && granted.filter) || {});
      const list = wanted.map((column) => `r.${escapeIdentifier(column)}`).join(", ");
      return (await client.query(`select ${list} from ${from} r where ${filter}`, sql.values)).rows;
    },
    insert: (name: string, row: Row): Promise<Row[]> =>
      request(async () => {
        const granted = permission("insert", name);
        if (!("check" in granted && "columns" in granted)) throw new Error("not an insert permission");
        assertColumns(granted.columns ?? [], Object.keys(row), name);
        const sql = newSql();
        const written = { ...row, ...granted.set };
        const names = Object.keys(written).map(escapeIdentifier).join(", ");
        const values = Object.values(written).map((value) => sql.value(value));
        const { rows } = await client.query(
          `insert into ${escapeIdentifier(name)} as r (${names}) values (${values.join(", ")})
           returning r.*, ${sql.condition(name, "r", granted.check ?? {})} as _check`,
          sql.values,
        );
        return assertCheck(rows);
      }),
    update: (name: string, id: string, changes: Row): Promise<Row[]> =>
      request(async () => {
        const granted = permission("update", name);
        if (!("columns" in granted && "filter" in granted)) throw new Error("not an update permission");
        assertColumns(granted.columns ?? [], Object.keys(changes), name);
        const sql = newSql();
        const written = { ...changes, ...("set" in granted && granted.set) };
        const assignments = Object.entries(written).map(
          ([column, value]) => `${escapeIdentifier(column)} = ${sql.value(value)}`,
        );
        const check = "check" in granted ? (granted.check ?? {}) : {};
        const { rows } = await client.query(
          `update ${escapeIdentifier(name)} r set ${assignments.join(", ")}
            where r.id::text = ${sql.value(id)} and ${sql.condition(name, "r", granted.filter ?? {})}
           returning r.*, ${sql.condition(name, "r", check)} as _check`,
          sql.values,
        );
        return assertCheck(rows);
      }),
    remove: (name: string, id: string): Promise<number> =>
      request(async () => {
        const granted = permission("delete", name);
        const sql = newSql();
        const filter = sql.condition(name, "r", ("filter" in granted && granted.filter) || {});
        const { rowCount } = await client.query(
          `delete from ${escapeIdentifier(name)} r where r.id::text = ${sql.value(id)} and ${filter}`,
          sql.values,
        );
        return rowCount ?? 0;
      }),
  };
}
