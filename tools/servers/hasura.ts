import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { TableEntry } from "@hasura/metadata";
import { buildSchema, execute, type GraphQLError, parse, validate } from "graphql";
import { DatabaseError, escapeIdentifier, Pool, type PoolClient } from "pg";
import * as z from "zod";
import { searchFunction, tables, usersTable } from "../../modules/chat-hasura-lite/metadata/metadata.ts";
import { roles } from "../../shared/hasura-names.ts";
import { close, listen } from "./listening.ts";
import type { DatabaseConnection } from "./postgres.ts";

/**
 * A GraphQL server that does over the real database what Hasura v2 documents for the operations that this
 * project sends: the role's own schema, permission filters, presets and checks from the project's metadata,
 * one transaction for a mutation with `hasura.user` set in it, errors with the engine's codes and words.
 * An operation that the role's schema does not know is refused, as by the engine.
 */
export interface HasuraServer {
  readonly endpoint: string;
  /** Makes the next requests fail as the engine does on an expired or unknown token. */
  refuseTokens(refuse: (token: string) => boolean): void;
  stop(): Promise<void>;
}

const schemas = new Map(
  roles.map((role) => [
    role,
    buildSchema(readFileSync(`modules/chat-hasura-lite/metadata/schema/${role}.graphql`, "utf8")),
  ]),
);
const entries = new Map([usersTable, ...tables].map((entry) => [entry.table.name, entry]));
const requestSchema = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).default({}),
});
const claimsSchema = z.object({
  "x-hasura-user-id": z.string(),
  "x-hasura-allowed-roles": z.array(z.string()),
});

type Kind = "select" | "insert" | "update" | "delete";
type Expression = Readonly<Record<string, unknown>>;
interface Session {
  readonly role: (typeof roles)[number];
  readonly userId: string;
}

export async function startHasuraServer(connection: DatabaseConnection): Promise<HasuraServer> {
  const pool = new Pool({ ...connection, options: "-c TimeZone=UTC" });
  pool.on("error", () => {});
  let refuses: (token: string) => boolean = () => false;

  const handle = async (request: IncomingMessage): Promise<unknown> => {
    const { query, variables } = requestSchema.parse(JSON.parse(await text(request)));
    const token = (request.headers.authorization ?? "").replace("Bearer ", "");
    if (refuses(token)) return failure("invalid-jwt", "Could not verify JWT: JWTExpired");
    const session = readSession(token, String(request.headers["x-hasura-role"]));
    const schema = session && schemas.get(session.role);
    if (!session || !schema) return failure("access-denied", "Your requested role is not in allowed roles");
    const document = parse(query);
    const [invalid] = validate(schema, document);
    if (invalid) return failure("validation-failed", invalid.message);

    const client = await pool.connect();
    try {
      await client.query("begin");
      await client.query("select set_config('hasura.user', $1, true)", [
        JSON.stringify({ "x-hasura-role": session.role, "x-hasura-user-id": session.userId }),
      ]);
      const result = await execute({
        schema,
        document,
        variableValues: variables,
        rootValue: resolvers(client, session),
      });
      await client.query(result.errors ? "rollback" : "commit");
      const [first] = result.errors ?? [];
      return first ? fromError(first) : { data: result.data };
    } finally {
      client.release();
    }
  };

  const server = createServer((request, response) => {
    handle(request).then(
      (answer) => response.setHeader("content-type", "application/json").end(JSON.stringify(answer)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  return {
    endpoint: `http://127.0.0.1:${await listen(server)}/v1/graphql`,
    refuseTokens(refuse) {
      refuses = refuse;
    },
    async stop() {
      await close(server);
      await pool.end();
    },
  };
}

function readSession(token: string, role: string): Session | undefined {
  const payload: Record<string, unknown> = JSON.parse(
    Buffer.from(token.split(".")[1] ?? "", "base64url").toString(),
  );
  const claims = claimsSchema.parse(JSON.parse(String(payload["https://hasura.io/jwt/claims"])));
  const known = roles.find((each) => each === role);
  return known && claims["x-hasura-allowed-roles"].includes(known)
    ? { role: known, userId: claims["x-hasura-user-id"] }
    : undefined;
}

const failure = (code: string, message: string) => ({
  errors: [{ message, extensions: { path: "$", code } }],
});

/** As the engine words the errors of PostgreSQL's classes 22 and 23, and hides all others. */
function fromError(error: GraphQLError) {
  const cause = error.originalError;
  if (!(cause instanceof DatabaseError)) return failure("permission-error", error.message);
  const prefix = {
    "23505": "Uniqueness violation. ",
    "23503": "Foreign key violation. ",
    "23502": "Not-NULL violation. ",
  }[cause.code ?? ""];
  if (prefix) return failure("constraint-violation", prefix + cause.message);
  if (cause.code === "23514")
    return failure("permission-error", `Check constraint violation. ${cause.message}`);
  if (cause.code?.startsWith("23")) return failure("constraint-violation", cause.message);
  if (cause.code?.startsWith("22")) return failure("data-exception", cause.message);
  return failure("unexpected", "database query error");
}

/** A resolver for each root field of each table, by the naming of the engine. */
function resolvers(client: PoolClient, session: Session) {
  // One connection runs one statement after the other, however many root fields there are.
  let last: Promise<unknown> = Promise.resolve();
  const run = (sql: SqlText) => {
    const next = last.then(() => client.query<Record<string, unknown>>(sql.text, sql.values));
    last = next.catch(() => {});
    return next;
  };
  const permission = (kind: Kind, table: string) => {
    const found = entryOf(table)[`${kind}_permissions`]?.find(
      (each) => each.role === session.role,
    )?.permission;
    if (!found) throw new Error(`${session.role} has no ${kind} permission on ${table}`);
    return found;
  };
  const filterOf = (kind: Kind, table: string): Expression => {
    const granted = permission(kind, table);
    return ("filter" in granted && granted.filter) || {};
  };
  const presets = (kind: Kind, table: string): Record<string, unknown> => {
    const granted = permission(kind, table);
    return ("set" in granted && granted.set) || {};
  };

  const select = async (table: string, from: (sql: SqlText) => string, args: Expression) => {
    const sql = new SqlText(session);
    const where = [filterOf("select", table), isExpression(args["where"]) ? args["where"] : {}]
      .map((each) => sql.condition(table, "t", each))
      .join(" and ");
    const order = orderBy(args["order_by"]);
    const limit = args["limit"] === undefined ? "" : `limit ${sql.value(args["limit"])}`;
    sql.text = `select ${shape(table, "t")} as row from ${from(sql)} t where ${where} ${order} ${limit}`;
    return (await run(sql)).rows.map(({ row }) => row);
  };
  const checked = async (sql: SqlText) => {
    const { rows } = await run(sql);
    if (rows.some(({ passed }) => passed !== true))
      throw new Error("check constraint of an insert/update permission has failed");
    return rows.map(({ row }) => row);
  };
  const insert = async (table: string, row: Expression) => {
    const sql = new SqlText(session);
    const columns = { ...row, ...presets("insert", table) };
    const granted = permission("insert", table);
    const names = Object.keys(columns).map(escapeIdentifier).join(", ");
    const values = Object.values(columns)
      .map((each) => sql.value(each))
      .join(", ");
    const check = sql.condition(table, "t", ("check" in granted && granted.check) || {});
    sql.text = `with t as (insert into ${escapeIdentifier(table)} (${names}) values (${values}) returning *)
      select ${shape(table, "t")} as row, ${check} as passed from t`;
    return (await checked(sql))[0];
  };
  const change = (kind: "update" | "delete") => async (table: string, args: Expression) => {
    const sql = new SqlText(session);
    const columns = {
      ...(isExpression(args["_set"]) ? args["_set"] : {}),
      ...(kind === "update" ? presets(kind, table) : {}),
    };
    const assignments = Object.entries(columns).map(
      ([name, each]) => `${escapeIdentifier(name)} = ${sql.value(each)}`,
    );
    const granted = permission(kind, table);
    const where = [filterOf(kind, table), isExpression(args["where"]) ? args["where"] : {}]
      .map((each) => sql.condition(table, "t", each))
      .join(" and ");
    const check = sql.condition(table, "t", ("check" in granted && granted.check) || {});
    const verb =
      kind === "update"
        ? `update ${escapeIdentifier(table)} t set ${assignments.join(", ")}`
        : `delete from ${escapeIdentifier(table)} t`;
    sql.text = `with t as (${verb} where ${where} returning t.*)
      select ${shape(table, "t")} as row, ${check} as passed from t`;
    const returning = await checked(sql);
    return { affected_rows: returning.length, returning };
  };
  const [update, remove] = [change("update"), change("delete")];

  const fields: Record<string, (args: Expression) => Promise<unknown>> = {};
  for (const table of entries.keys()) {
    fields[table] = (args) => select(table, () => escapeIdentifier(table), args);
    fields[`${table}_by_pk`] = async ({ id }) =>
      (await select(table, () => escapeIdentifier(table), { where: { id: { _eq: id } } }))[0] ?? null;
    fields[`insert_${table}_one`] = ({ object }) => insert(table, isExpression(object) ? object : {});
    fields[`update_${table}`] = (args) => update(table, args);
    fields[`delete_${table}`] = (args) => remove(table, args);
  }
  const search = searchFunction.function.name;
  fields[search] = (args) =>
    select(
      "chat_messages",
      (sql) => `${search}(${sql.value(isExpression(args["args"]) ? args["args"]["query"] : "")})`,
      args,
    );
  return fields;
}

function entryOf(table: string): TableEntry {
  const entry = entries.get(table);
  if (!entry) throw new Error(`table ${table} is not tracked`);
  return entry;
}

const isExpression = (value: unknown): value is Expression =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A row as JSON, with what our operations ask of its relationships and computed fields. */
function shape(table: string, alias: string): string {
  const related = (target: string, on: string) =>
    `(select to_json(r) from ${target} r where r.${on} limit 1)`;
  const extra: Record<string, string> = {
    chat_messages: `'user', ${related("users", `id = ${alias}.user_id`)}, 'link_preview', ${related("link_previews", `phenom_id = ${alias}.phenom_id`)}`,
    chat_members: `'user', ${related("users", `id = ${alias}.user_id`)}`,
    chat_bans: `'is_active', (${alias}.expires_at is null or ${alias}.expires_at > now())`,
  };
  return `(to_jsonb(${alias}) || jsonb_build_object(${extra[table] ?? ""}))`;
}

function orderBy(order: unknown): string {
  if (!Array.isArray(order) || order.length === 0) return "";
  const terms = order.flatMap((each) =>
    Object.entries(isExpression(each) ? each : {}).map(
      ([column, direction]) => `t.${escapeIdentifier(column)} ${String(direction).replaceAll("_", " ")}`,
    ),
  );
  return `order by ${terms.join(", ")}`;
}

const operators: Record<string, string> = {
  _eq: "=",
  _neq: "<>",
  _gt: ">",
  _gte: ">=",
  _lt: "<",
  _lte: "<=",
};

/** A statement in the making: its text, and the values that its parameters stand for. */
class SqlText {
  text = "";
  readonly values: unknown[] = [];
  readonly #session: Session;
  #aliases = 0;

  constructor(session: Session) {
    this.#session = session;
  }

  value(given: unknown): string {
    const isUser = typeof given === "string" && given.toLowerCase() === "x-hasura-user-id";
    this.values.push(isUser ? this.#session.userId : given);
    return `$${this.values.length}`;
  }

  condition(table: string, alias: string, expression: Expression): string {
    const parts = Object.entries(expression).map(([key, operand]) => this.#part(table, alias, key, operand));
    return parts.length === 0 ? "true" : `(${parts.join(" and ")})`;
  }

  #part(table: string, alias: string, key: string, operand: unknown): string {
    if (key === "_or" || key === "_and") {
      const list = (Array.isArray(operand) ? operand : [operand]).map((each) =>
        this.condition(table, alias, each),
      );
      return `(${list.join(key === "_or" ? " or " : " and ")})`;
    }
    if (!isExpression(operand)) throw new Error(`${key} wants an object`);
    if (key === "_not") return `not ${this.condition(table, alias, operand)}`;
    if (key === "is_active" && table === "chat_bans")
      return this.#compare(`(${alias}.expires_at is null or ${alias}.expires_at > now())`, operand);
    const relation = relationOf(table, key);
    if (!relation) return this.#compare(`${alias}.${escapeIdentifier(key)}`, operand);
    const remote = `r${++this.#aliases}`;
    return `exists (select from ${relation.table} ${remote}
      where ${remote}.${relation.remoteColumn} = ${alias}.${relation.column} and ${this.condition(relation.table, remote, operand)})`;
  }

  #compare(left: string, operand: Expression): string {
    const parts = Object.entries(operand).map(([operator, right]) => {
      if (operator === "_in") return `${left} = any(${this.value(right)})`;
      const sql = operators[operator];
      if (sql === undefined) throw new Error(`operator ${operator} is not known here`);
      return `${left} ${sql} ${this.value(right)}`;
    });
    return parts.length === 0 ? "true" : `(${parts.join(" and ")})`;
  }
}

function relationOf(table: string, name: string) {
  const entry = entryOf(table);
  if (entry.object_relationships?.some((each) => each.name === name)) {
    if (name === "link_preview")
      return { table: "link_previews", column: "phenom_id", remoteColumn: "phenom_id" };
    return { table: name === "room" ? "chat_rooms" : "users", column: `${name}_id`, remoteColumn: "id" };
  }
  const remote = entry.array_relationships?.find((each) => each.name === name)?.using
    .foreign_key_constraint_on?.table;
  if (remote === undefined) return undefined;
  return { table: typeof remote === "string" ? remote : remote.name, column: "id", remoteColumn: "room_id" };
}
