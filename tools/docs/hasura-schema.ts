import type { TableEntry } from "@hasura/metadata";
import type { Client } from "pg";
import * as z from "zod";
import { arrayRelationship, objectRelationship } from "../servers/hasura-permissions.ts";

const columnRows = z.array(
  z.object({ table: z.string(), column: z.string(), type: z.string(), nullable: z.boolean() }),
);
const functionRows = z.array(z.object({ name: z.string(), type: z.string() }));
const constraintRows = z.array(z.object({ table: z.string(), name: z.string() }));

type Columns = z.infer<typeof columnRows>;
export interface DatabaseShape {
  readonly columns: Columns;
  /** Primary keys and unique constraints. */
  readonly constraints: z.infer<typeof constraintRows>;
  /** What functions return. */
  readonly functions: z.infer<typeof functionRows>;
}

export async function readShape(client: Client): Promise<DatabaseShape> {
  const columns = await client.query(
    `select table_name as "table", column_name as "column", udt_name as type, is_nullable = 'YES' as nullable
       from information_schema.columns where table_schema = 'public' order by ordinal_position`,
  );
  const constraints = await client.query(
    `select conrelid::regclass::text as "table", conname as name from pg_constraint
      where contype in ('p', 'u') and connamespace = 'public'::regnamespace order by 2`,
  );
  const functions = await client.query(
    `select proname as name, typname as type from pg_proc join pg_type on pg_type.oid = prorettype
      where pronamespace = 'public'::regnamespace`,
  );
  return {
    columns: columnRows.parse(columns.rows),
    constraints: constraintRows.parse(constraints.rows),
    functions: functionRows.parse(functions.rows),
  };
}

const scalars: Record<string, string> = {
  bool: "Boolean",
  text: "String",
  uuid: "uuid",
  timestamptz: "timestamptz",
  int8: "bigint",
};
const comparisons = ["Boolean", "String", "bigint", "timestamptz", "uuid"].map((type) => {
  const operators = ["_eq", "_neq", "_gt", "_gte", "_lt", "_lte"].map((name) => `${name}: ${type}`);
  const lists = ["_in", "_nin"].map((name) => `${name}: [${type}!]`);
  const patterns = [
    "_like",
    "_nlike",
    "_ilike",
    "_nilike",
    "_similar",
    "_nsimilar",
    "_regex",
    "_nregex",
    "_iregex",
    "_niregex",
  ];
  const texts = type === "String" ? patterns.map((name) => `${name}: String`) : [];
  return block(`input ${type}_comparison_exp`, [...operators, ...lists, "_is_null: Boolean", ...texts]);
});

function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => `  ${line}`).join("\n")}\n}`;
}

/**
 * The GraphQL schema that Hasura v2 generates for a role, as its API reference documents it ("Query",
 * "Mutation", "Subscription", "Custom functions"; default naming convention, no Relay, no aggregations).
 * `on_conflict` is offered where the role may also update, as the reference says of upserts.
 */
export function roleSchema(
  shape: DatabaseShape,
  tables: readonly TableEntry[],
  functions: readonly { readonly name: string; readonly returns: string; readonly args: readonly string[] }[],
  role: string,
): string {
  const entries = new Map(tables.map((entry) => [entry.table.name, entry]));
  const granted = (kind: "select" | "insert" | "update" | "delete", table: string) =>
    entries.get(table)?.[`${kind}_permissions`]?.find((each) => each.role === role)?.permission;
  const visible = (table: string | undefined): table is string =>
    table !== undefined && granted("select", table) !== undefined;
  const columnsOf = (table: string, names: readonly string[] | string | undefined) =>
    shape.columns.filter(
      ({ table: of, column }) => of === table && typeof names === "object" && names.includes(column),
    );
  const typeOf = (type: string): string => {
    const scalar = scalars[type];
    if (scalar === undefined) throw new Error(`no GraphQL scalar is known for ${type}`);
    return scalar;
  };

  const parts: string[] = ["scalar bigint", "scalar timestamptz", "scalar uuid", ...comparisons];
  parts.push(
    block("enum order_by", [
      "asc",
      "asc_nulls_first",
      "asc_nulls_last",
      "desc",
      "desc_nulls_first",
      "desc_nulls_last",
    ]),
  );
  parts.push(block("enum cursor_ordering", ["ASC", "DESC"]));
  const query: string[] = [];
  const subscription: string[] = [];
  const mutation: string[] = [];

  for (const [table, entry] of entries) {
    const select = granted("select", table);
    if (select && "columns" in select) {
      const columns = columnsOf(table, select.columns);
      const computed = ("computed_fields" in select ? (select.computed_fields ?? []) : []).map((name) => {
        const called = entry.computed_fields?.find((each) => each.name === name)?.definition.function;
        const known = typeof called === "string" ? called : called?.name;
        const result = shape.functions.find((each) => each.name === known);
        return { name, type: typeOf(result?.type ?? `the result of ${known}`) };
      });
      const objects = (entry.object_relationships ?? []).flatMap(({ name }) => {
        const target = objectRelationship(entry, name);
        const column = shape.columns.find((each) => each.table === table && each.column === target?.column);
        return target && visible(target.table)
          ? [{ name, table: target.table, required: target.isForeignKey && column?.nullable === false }]
          : [];
      });
      const arrays = (entry.array_relationships ?? []).flatMap(({ name }) => {
        const target = arrayRelationship(entry, name)?.table;
        return visible(target) ? [{ name, table: target }] : [];
      });

      parts.push(
        block(`type ${table}`, [
          ...columns.map(({ column, type, nullable }) => `${column}: ${typeOf(type)}${nullable ? "" : "!"}`),
          ...computed.map(({ name, type }) => `${name}: ${type}`),
          ...objects.map((each) => `${each.name}: ${each.table}${each.required ? "!" : ""}`),
          ...arrays.map((each) => field(each.name, listArguments(each.table), `[${each.table}!]!`)),
        ]),
        block(`input ${table}_bool_exp`, [
          ...[`_and: [${table}_bool_exp!]`, `_not: ${table}_bool_exp`, `_or: [${table}_bool_exp!]`],
          ...columns.map(({ column, type }) => `${column}: ${typeOf(type)}_comparison_exp`),
          ...computed.map(({ name, type }) => `${name}: ${type}_comparison_exp`),
          ...[...objects, ...arrays].map((each) => `${each.name}: ${each.table}_bool_exp`),
        ]),
        block(`input ${table}_order_by`, [
          ...columns.map(({ column }) => `${column}: order_by`),
          ...computed.map(({ name }) => `${name}: order_by`),
          ...objects.map((each) => `${each.name}: ${each.table}_order_by`),
        ]),
        block(
          `enum ${table}_select_column`,
          columns.map(({ column }) => column),
        ),
        block(`input ${table}_stream_cursor_input`, [
          `initial_value: ${table}_stream_cursor_value_input!`,
          "ordering: cursor_ordering",
        ]),
        block(
          `input ${table}_stream_cursor_value_input`,
          columns.map(({ column, type }) => `${column}: ${typeOf(type)}`),
        ),
      );
      const idType = columns.find(({ column }) => column === "id")?.type;
      const roots = [
        field(table, listArguments(table), `[${table}!]!`),
        ...(idType ? [`${table}_by_pk(id: ${typeOf(idType)}!): ${table}`] : []),
      ];
      query.push(...roots);
      subscription.push(
        ...roots,
        field(
          `${table}_stream`,
          ["batch_size: Int!", `cursor: [${table}_stream_cursor_input]!`, `where: ${table}_bool_exp`],
          `[${table}!]!`,
        ),
      );
    }

    const insert = granted("insert", table);
    const update = granted("update", table);
    const remove = granted("delete", table);
    if (visible(table) && (insert || update || remove)) {
      parts.push(
        block(`type ${table}_mutation_response`, ["affected_rows: Int!", `returning: [${table}!]!`]),
      );
    }
    const inputs = (permission: typeof insert) =>
      columnsOf(table, permission && "columns" in permission ? permission.columns : []).filter(
        ({ column }) => !(permission && "set" in permission && permission.set && column in permission.set),
      );
    if (insert) {
      parts.push(
        block(
          `input ${table}_insert_input`,
          inputs(insert).map(({ column, type }) => `${column}: ${typeOf(type)}`),
        ),
      );
      const onConflict = update ? [`on_conflict: ${table}_on_conflict`] : [];
      if (update) {
        const names = shape.constraints.filter((each) => each.table === table).map(({ name }) => name);
        parts.push(
          block(`enum ${table}_constraint`, names),
          block(
            `enum ${table}_update_column`,
            inputs(update).map(({ column }) => column),
          ),
          block(`input ${table}_on_conflict`, [
            `constraint: ${table}_constraint!`,
            `update_columns: [${table}_update_column!]! = []`,
            `where: ${table}_bool_exp`,
          ]),
        );
      }
      mutation.push(
        field(
          `insert_${table}`,
          [`objects: [${table}_insert_input!]!`, ...onConflict],
          `${table}_mutation_response`,
        ),
        field(`insert_${table}_one`, [`object: ${table}_insert_input!`, ...onConflict], table),
      );
    }
    if (update) {
      parts.push(
        block(
          `input ${table}_set_input`,
          inputs(update).map(({ column, type }) => `${column}: ${typeOf(type)}`),
        ),
        block(`input ${table}_pk_columns_input`, ["id: uuid!"]),
        block(`input ${table}_updates`, [`_set: ${table}_set_input`, `where: ${table}_bool_exp!`]),
      );
      mutation.push(
        field(
          `update_${table}`,
          [`_set: ${table}_set_input`, `where: ${table}_bool_exp!`],
          `${table}_mutation_response`,
        ),
        field(
          `update_${table}_by_pk`,
          [`_set: ${table}_set_input`, `pk_columns: ${table}_pk_columns_input!`],
          table,
        ),
        `update_${table}_many(updates: [${table}_updates!]!): [${table}_mutation_response]`,
      );
    }
    if (remove) {
      mutation.push(
        `delete_${table}(where: ${table}_bool_exp!): ${table}_mutation_response`,
        `delete_${table}_by_pk(id: uuid!): ${table}`,
      );
    }
  }

  for (const { name, returns, args } of functions.filter((each) => visible(each.returns))) {
    parts.push(block(`input ${name}_args`, args));
    const search = field(name, [`args: ${name}_args!`, ...listArguments(returns)], `[${returns}!]!`);
    query.push(search);
    subscription.push(search);
  }
  parts.push(block("type query_root", query), block("type subscription_root", subscription));
  parts.push(block("type mutation_root", mutation));
  parts.push(
    block("schema", ["query: query_root", "mutation: mutation_root", "subscription: subscription_root"]),
  );
  return `${parts.join("\n\n")}\n`;
}

const listArguments = (table: string): string[] => [
  `distinct_on: [${table}_select_column!]`,
  "limit: Int",
  "offset: Int",
  `order_by: [${table}_order_by!]`,
  `where: ${table}_bool_exp`,
];

/** A field in the form of the formatter: one argument per line where they do not fit into one. */
function field(name: string, args: readonly string[], type: string): string {
  const line = `${name}(${args.join(", ")}): ${type}`;
  return line.length + 2 <= 110
    ? line
    : `${name}(\n${args.map((each) => `    ${each}\n`).join("")}  ): ${type}`;
}
