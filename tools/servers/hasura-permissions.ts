import type { TableEntry } from "@hasura/metadata";
import { escapeIdentifier } from "pg";

/** A boolean expression of Hasura: a permission's filter or check, or an argument `where`. */
export type Expression = Readonly<Record<string, unknown>>;
export type PermissionKind = "select" | "insert" | "update" | "delete";

/** A request that Hasura's schema for the role does not offer, or whose check fails. */
export class NotPermitted extends Error {
  override readonly name = "NotPermitted";
}

export const isExpression = (value: unknown): value is Expression =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A table as Hasura's metadata tracks it. @throws NotPermitted */
export function trackedTable(tables: readonly TableEntry[], name: string): TableEntry {
  const entry = tables.find(({ table }) => table.name === name);
  if (!entry) throw new NotPermitted(`table ${name} is not tracked`);
  return entry;
}

/** @throws NotPermitted */
export function permissionOf(entry: TableEntry, kind: PermissionKind, role: string) {
  const found = entry[`${kind}_permissions`]?.find((each) => each.role === role)?.permission;
  if (!found) throw new NotPermitted(`${role} has no ${kind} permission on ${entry.table.name}`);
  return found;
}

/** Where a relationship leads, and which columns it joins. */
export interface Relationship {
  readonly table: string;
  readonly column: string;
  readonly remoteColumn: string;
  readonly isForeignKey: boolean;
}

export function objectRelationship(entry: TableEntry, name: string): Relationship | undefined {
  const using = entry.object_relationships?.find((each) => each.name === name)?.using;
  if (!using) return undefined;
  const manual = using.manual_configuration;
  if (manual) {
    const [[column, remoteColumn] = ["", ""]] = Object.entries(manual.column_mapping);
    return { table: nameOf(manual.remote_table), column, remoteColumn, isForeignKey: false };
  }
  const column = using.foreign_key_constraint_on ?? "";
  // Hasura finds the table by the foreign key.
  const table = { room_id: "chat_rooms", message_id: "chat_messages" }[column] ?? "users";
  return { table, column, remoteColumn: "id", isForeignKey: true };
}

export function arrayRelationship(entry: TableEntry, name: string): Relationship | undefined {
  const using = entry.array_relationships?.find((each) => each.name === name)?.using;
  const manual = using?.manual_configuration;
  if (manual) {
    const [[column, remoteColumn] = ["", ""]] = Object.entries(manual.column_mapping);
    return { table: nameOf(manual.remote_table), column, remoteColumn, isForeignKey: false };
  }
  const key = using?.foreign_key_constraint_on;
  return key && { table: nameOf(key.table), column: "id", remoteColumn: key.column, isForeignKey: true };
}

const nameOf = (named: { name: string } | string): string => (typeof named === "string" ? named : named.name);

const operators: Readonly<Record<string, string>> = {
  _eq: "=",
  _neq: "<>",
  _gt: ">",
  _gte: ">=",
  _lt: "<",
  _lte: "<=",
  _like: "like",
  _ilike: "ilike",
};

/** A statement that is being written: the values of its parameters, and Hasura's expressions as SQL. */
export class HasuraSql {
  readonly values: unknown[] = [];
  readonly #tables: readonly TableEntry[];
  readonly #session: Readonly<Record<string, string>>;
  #aliases = 0;

  /** @param session the request's session variables, with names in lower case */
  constructor(tables: readonly TableEntry[], session: Readonly<Record<string, string>>) {
    this.#tables = tables;
    this.#session = session;
  }

  /** The parameter that stands for a value, or for the session variable that it names. */
  value(value: unknown): string {
    const isVariable = typeof value === "string" && /^x-hasura-[\w-]+$/i.test(value);
    this.values.push(isVariable ? this.#variable(value.toLowerCase()) : value);
    return `$${this.values.length}`;
  }

  #variable(name: string): string {
    const value = this.#session[name];
    if (value === undefined) throw new NotPermitted(`missing session variable: "${name}"`);
    return value;
  }

  /** The condition that `expression` puts on the row `alias` of a table. */
  condition(table: string, alias: string, expression: Expression): string {
    const entry = trackedTable(this.#tables, table);
    return all(Object.entries(expression).map(([key, operand]) => this.#part(entry, alias, key, operand)));
  }

  #part(entry: TableEntry, alias: string, key: string, operand: unknown): string {
    const table = entry.table.name;
    if (key === "_or" || key === "_and") {
      const list = (Array.isArray(operand) ? operand : [operand]).map((each) =>
        this.condition(table, alias, each),
      );
      return `(${list.join(key === "_or" ? " or " : " and ")})`;
    }
    if (!isExpression(operand)) throw new Error(`${key} must be an object`);
    if (key === "_not") return `not ${this.condition(table, alias, operand)}`;
    const computed = entry.computed_fields?.find((field) => field.name === key)?.definition.function;
    if (computed !== undefined)
      return this.#compare(`${escapeIdentifier(nameOf(computed))}(${alias})`, operand);
    const related = objectRelationship(entry, key) ?? arrayRelationship(entry, key);
    if (!related) return this.#compare(`${alias}.${escapeIdentifier(key)}`, operand);
    const remote = `related${++this.#aliases}`;
    return `exists (select from ${escapeIdentifier(related.table)} ${remote}
      where ${remote}.${escapeIdentifier(related.remoteColumn)} = ${alias}.${escapeIdentifier(related.column)}
        and ${this.condition(related.table, remote, operand)})`;
  }

  #compare(left: string, operand: Expression): string {
    return all(
      Object.entries(operand).map(([operator, right]) => {
        if (operator === "_in") return `${left} = any(${this.value(right)})`;
        if (operator === "_is_null") return `${left} is ${right === true ? "" : "not"} null`;
        const sql = operators[operator];
        if (sql === undefined) throw new Error(`operator ${operator} is not known here`);
        return `${left} ${sql} ${this.value(right)}`;
      }),
    );
  }
}

const all = (conditions: readonly string[]) =>
  conditions.length === 0 ? "true" : `(${conditions.join(" and ")})`;
