import type { TableEntry } from "@hasura/metadata";
import { type Client, escapeIdentifier, escapeLiteral } from "pg";

/** A request that Hasura's schema for the role does not offer, or whose check fails. */
export class NotPermitted extends Error {
  override readonly name = "NotPermitted";
}

type Row = Record<string, unknown>;
type Kind = "select" | "insert" | "update" | "delete";

const operators: Record<string, string> = {
  _eq: "=",
  _neq: "<>",
  _gt: ">",
  _gte: ">=",
  _lt: "<",
  _lte: "<=",
};

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
  const entryOf = (name: string): TableEntry => {
    const entry = tables.find(({ table }) => table.name === name);
    if (!entry) throw new NotPermitted(`table ${name} is not tracked`);
    return entry;
  };
  const permission = (kind: Kind, name: string) => {
    const found = entryOf(name)[`${kind}_permissions`]?.find((each) => each.role === role)?.permission;
    if (!found) throw new NotPermitted(`${role} has no ${kind} permission on ${name}`);
    return found;
  };
  const value = (given: unknown): string => {
    if (typeof given === "boolean" || typeof given === "number") return String(given);
    if (typeof given !== "string") throw new Error(`cannot compare with ${JSON.stringify(given)}`);
    const variable = given.toLowerCase();
    if (!variable.startsWith("x-hasura-")) return escapeLiteral(given);
    const held = session[variable];
    if (held === undefined) throw new NotPermitted(`missing session variable: "${variable}"`);
    return escapeLiteral(held);
  };

  let aliases = 0;
  const condition = (name: string, alias: string, expression: object): string => {
    const entry = entryOf(name);
    const parts = Object.entries(expression).map(([key, operand]) => {
      if (key === "_not") return `not ${condition(name, alias, operand)}`;
      const computed = entry.computed_fields?.find((field) => field.name === key);
      if (computed) {
        const { function: fn } = computed.definition;
        const called = typeof fn === "string" ? fn : fn.name;
        return comparison(`${escapeIdentifier(called)}(${alias})`, operand);
      }
      const related = relation(entry, key);
      if (!related) return comparison(`${alias}.${escapeIdentifier(key)}`, operand);
      const remote = `t${++aliases}`;
      const { table, remoteColumn, column } = related;
      return `exists (select from ${escapeIdentifier(table)} ${remote}
        where ${remote}.${escapeIdentifier(remoteColumn)} = ${alias}.${escapeIdentifier(column)}
          and ${condition(table, remote, operand)})`;
    });
    return parts.length === 0 ? "true" : `(${parts.join(" and ")})`;
  };
  const comparison = (left: string, operand: object): string =>
    Object.entries(operand)
      .map(([operator, right]) => {
        const sql = operators[operator];
        if (sql === undefined) throw new Error(`operator ${operator} is not known here`);
        return `${left} ${sql} ${value(right)}`;
      })
      .join(" and ");

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
      const filter = condition(name, "r", ("filter" in granted && granted.filter) || {});
      const list = wanted.map((column) => `r.${escapeIdentifier(column)}`).join(", ");
      return (await client.query(`select ${list} from ${from} r where ${filter}`)).rows;
    },
    insert: (name: string, row: Row): Promise<Row[]> =>
      request(async () => {
        const granted = permission("insert", name);
        if (!("check" in granted && "columns" in granted)) throw new Error("not an insert permission");
        assertColumns(granted.columns ?? [], Object.keys(row), name);
        const sql = new Map(Object.entries(row).map(([key, given]) => [key, value(given)]));
        for (const [key, preset] of Object.entries(granted.set ?? {})) sql.set(key, value(preset));
        const names = [...sql.keys()].map(escapeIdentifier).join(", ");
        const { rows } = await client.query(
          `insert into ${escapeIdentifier(name)} as r (${names}) values (${[...sql.values()].join(", ")})
           returning r.*, ${condition(name, "r", granted.check ?? {})} as _check`,
        );
        return assertCheck(rows);
      }),
    update: (name: string, id: string, changes: Row): Promise<Row[]> =>
      request(async () => {
        const granted = permission("update", name);
        if (!("columns" in granted && "filter" in granted)) throw new Error("not an update permission");
        assertColumns(granted.columns ?? [], Object.keys(changes), name);
        const sql = new Map(Object.entries(changes).map(([key, given]) => [key, value(given)]));
        const presets = "set" in granted ? (granted.set ?? {}) : {};
        for (const [key, preset] of Object.entries(presets)) sql.set(key, value(preset));
        const check = "check" in granted ? (granted.check ?? {}) : {};
        const { rows } = await client.query(
          `update ${escapeIdentifier(name)} r set ${[...sql].map(([key, to]) => `${escapeIdentifier(key)} = ${to}`).join(", ")}
            where r.id::text = ${value(id)} and ${condition(name, "r", granted.filter ?? {})}
           returning r.*, ${condition(name, "r", check)} as _check`,
        );
        return assertCheck(rows);
      }),
    remove: (name: string, id: string): Promise<number> =>
      request(async () => {
        const granted = permission("delete", name);
        const filter = condition(name, "r", ("filter" in granted && granted.filter) || {});
        const { rowCount } = await client.query(
          `delete from ${escapeIdentifier(name)} r where r.id::text = ${value(id)} and ${filter}`,
        );
        return rowCount ?? 0;
      }),
  };
}

function relation(entry: TableEntry, name: string) {
  const object = entry.object_relationships?.find((each) => each.name === name)?.using;
  if (object) {
    const manual = object.manual_configuration;
    if (manual) {
      const [[column, remoteColumn] = ["", ""]] = Object.entries(manual.column_mapping);
      return { table: tableName(manual.remote_table), column, remoteColumn };
    }
    const column = object.foreign_key_constraint_on ?? "";
    return { table: column === "user_id" ? "users" : "chat_rooms", column, remoteColumn: "id" };
  }
  const array = entry.array_relationships?.find((each) => each.name === name)?.using
    .foreign_key_constraint_on;
  return array && { table: tableName(array.table), column: "id", remoteColumn: array.column };
}

const tableName = (table: { name: string } | string): string =>
  typeof table === "string" ? table : table.name;
