import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import {
  buildSchema,
  type DocumentNode,
  execute,
  type GraphQLError,
  type GraphQLSchema,
  parse,
  validate,
} from "graphql";
import { DatabaseError, escapeIdentifier, escapeLiteral, Pool, type PoolClient } from "pg";
import * as z from "zod";
import { functions, tables, usersTable } from "../../modules/chat-hasura-lite/metadata/metadata.ts";
import { roles } from "../../shared/hasura-names.ts";
import {
  type Expression,
  HasuraSql,
  isExpression,
  type PermissionKind,
  permissionOf,
  trackedTable,
} from "./hasura-permissions.ts";
import { serveSubscriptions } from "./hasura-socket.ts";
import { MessageStreams } from "./hasura-stream.ts";
import { close, listen } from "./listening.ts";
import type { DatabaseConnection } from "./postgres.ts";

/**
 * A GraphQL server that does over the real database what Hasura v2 documents for the operations that this
 * project sends: the role's own schema, permission filters, presets and checks from the project's metadata,
 * one transaction for a mutation with `hasura.user` set in it, errors with the engine's codes and words.
 * An operation that the role's schema does not know is refused, as by the engine. A subscription that is sent by POST is
 * answered once, with what the engine would send first.
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
/** The claim `x-hasura-default-role` of every token. */
const DEFAULT_ROLE = "user";
const GRAPHQL_PATH = "/v1/graphql";
const allTables = [usersTable, ...tables];
const requestSchema = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.unknown()).default({}),
});
const subscriptionSchema = z.object({ room: z.uuid(), since: z.coerce.number() });
const claimsSchema = z.object({
  "x-hasura-user-id": z.string(),
  "x-hasura-allowed-roles": z.array(z.string()),
});

interface Session {
  readonly role: (typeof roles)[number];
  readonly userId: string;
}

/** @param adminSecret with it a request may name its role and user in headers. @default - every request needs a token */
export async function startHasuraServer(
  connection: DatabaseConnection,
  adminSecret?: string,
): Promise<HasuraServer> {
  const pool = new Pool({ ...connection, options: "-c TimeZone=UTC" });
  pool.on("error", () => {});
  const streams = new MessageStreams(pool, allTables);
  let refuses: (token: string) => boolean = () => false;

  const handle = async (request: IncomingMessage): Promise<unknown> => {
    const { query, variables } = requestSchema.parse(JSON.parse(await text(request)));
    const token = (request.headers.authorization ?? "").replace("Bearer ", "");
    const role = String(request.headers["x-hasura-role"] ?? DEFAULT_ROLE);
    const isAdmin = adminSecret !== undefined && request.headers["x-hasura-admin-secret"] === adminSecret;
    if (!isAdmin && refuses(token)) return failure("invalid-jwt", "Could not verify JWT: JWTExpired");
    const session = isAdmin
      ? sessionOf(role, String(request.headers["x-hasura-user-id"]))
      : readSession(token, role);
    const schema = session && schemas.get(session.role);
    if (!session || !schema) return failure("access-denied", "Your requested role is not in allowed roles");
    const document = validDocument(session.role, schema, query);
    if (typeof document === "string") return failure("validation-failed", document);

    return transaction(pool, session, async (client) => {
      const result = await execute({
        schema,
        document,
        variableValues: variables,
        rootValue: resolvers(client, session),
      });
      const [first] = result.errors ?? [];
      return { commits: !first, result: first ? fromError(first) : { data: result.data } };
    });
  };

  /** In place of a WebSocket: `?room=<id>&since=<seq>`. */
  const subscribe = (request: IncomingMessage, response: ServerResponse) => {
    const token = (request.headers.authorization ?? "").replace("Bearer ", "");
    const session = readSession(token, "user");
    const { searchParams } = new URL(request.url ?? "", "http://engine");
    const wanted = subscriptionSchema.safeParse(Object.fromEntries(searchParams));
    if (!session || !wanted.success) return response.writeHead(400).end();
    streams.add({ userId: session.userId, ...wanted.data }, response);
  };

  const server = createServer((request, response) => {
    if (request.method === "GET") return subscribe(request, response);
    handle(request).then(
      (answer) => response.setHeader("content-type", "application/json").end(JSON.stringify(answer)),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  const subscriptions = serveSubscriptions<Session>(server, GRAPHQL_PATH, {
    sessionOf(headers) {
      const token = (headers["authorization"] ?? "").replace("Bearer ", "");
      return token === "" || refuses(token)
        ? undefined
        : readSession(token, headers["x-hasura-role"] ?? DEFAULT_ROLE);
    },
    schemaOf: ({ role }) => schemas.get(role),
    read: (session, field, args) =>
      transaction(pool, session, async (client) => ({
        commits: true,
        result: await resolvers(client, session)[field]?.(args),
      })),
  });
  return {
    endpoint: `http://127.0.0.1:${await listen(server)}${GRAPHQL_PATH}`,
    refuseTokens(refuse) {
      refuses = refuse;
    },
    async stop() {
      await subscriptions.stop();
      await close(server);
      await pool.end();
    },
  };
}

/** Documents by role and text: to parse and validate one takes longer than most queries. */
const valid = new Map<string, DocumentNode>();

/** The parsed document, or what the role's schema finds wrong with it. */
function validDocument(role: string, schema: GraphQLSchema, query: string): DocumentNode | string {
  const key = `${role} ${query}`;
  const document = valid.get(key) ?? parse(query);
  const [problem] = valid.has(key) ? [] : validate(schema, document);
  if (problem) return problem.message;
  valid.set(key, document);
  return document;
}

/** Runs something in a transaction that knows the session, as the engine's do. */
async function transaction<T>(
  pool: Pool,
  session: Session,
  act: (client: PoolClient) => Promise<{ readonly commits: boolean; readonly result: T }>,
): Promise<T> {
  const client = await pool.connect();
  try {
    const variables = { "x-hasura-role": session.role, "x-hasura-user-id": session.userId };
    await client.query(
      `begin; select set_config('hasura.user', ${escapeLiteral(JSON.stringify(variables))}, true)`,
    );
    const { commits, result } = await act(client);
    await client.query(commits ? "commit" : "rollback");
    return result;
  } catch (error) {
    await client.query("rollback");
    throw error;
  } finally {
    client.release();
  }
}

function readSession(token: string, role: string): Session | undefined {
  const payload: Record<string, unknown> = JSON.parse(
    Buffer.from(token.split(".")[1] ?? "", "base64url").toString(),
  );
  const claims = claimsSchema.parse(JSON.parse(String(payload["https://hasura.io/jwt/claims"])));
  return claims["x-hasura-allowed-roles"].includes(role)
    ? sessionOf(role, claims["x-hasura-user-id"])
    : undefined;
}

function sessionOf(role: string, userId: string): Session | undefined {
  const known = roles.find((each) => each === role);
  return known && { role: known, userId };
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
  const run = (sql: HasuraSql, text: string) => {
    const next = last.then(() => client.query<Record<string, unknown>>(text, sql.values));
    last = next.catch(() => {});
    return next;
  };
  const permission = (kind: PermissionKind, table: string) =>
    permissionOf(trackedTable(allTables, table), kind, session.role);
  const filterOf = (kind: PermissionKind, table: string): Expression => {
    const granted = permission(kind, table);
    return ("filter" in granted && granted.filter) || {};
  };
  const presets = (kind: PermissionKind, table: string): Record<string, unknown> => {
    const granted = permission(kind, table);
    return ("set" in granted && granted.set) || {};
  };

  const newSql = () => new HasuraSql(allTables, { "x-hasura-user-id": session.userId });
  const select = async (table: string, from: (sql: HasuraSql) => string, args: Expression) => {
    const sql = newSql();
    const where = [filterOf("select", table), isExpression(args["where"]) ? args["where"] : {}]
      .map((each) => sql.condition(table, "t", each))
      .join(" and ");
    const order = orderBy(args["order_by"]);
    const granted = permission("select", table);
    const most = ("limit" in granted && granted.limit) || undefined;
    const asked = typeof args["limit"] === "number" ? args["limit"] : undefined;
    const rows = most === undefined ? asked : Math.min(most, asked ?? most);
    const limit = rows === undefined ? "" : `limit ${sql.value(rows)}`;
    const text = `select ${shape(table, "t")} as row from ${from(sql)} t where ${where} ${order} ${limit}`;
    return (await run(sql, text)).rows.map(({ row }) => row);
  };
  const checked = async (sql: HasuraSql, text: string) => {
    const { rows } = await run(sql, text);
    if (rows.some(({ passed }) => passed !== true))
      throw new Error("check constraint of an insert/update permission has failed");
    return rows.map(({ row }) => row);
  };
  const insert = async (table: string, row: Expression) => {
    const sql = newSql();
    const columns = { ...row, ...presets("insert", table) };
    const granted = permission("insert", table);
    const names = Object.keys(columns).map(escapeIdentifier).join(", ");
    const values = Object.values(columns)
      .map((each) => sql.value(each))
      .join(", ");
    const check = sql.condition(table, "t", ("check" in granted && granted.check) || {});
    const text = `with t as (insert into ${escapeIdentifier(table)} (${names}) values (${values}) returning *)
      select ${shape(table, "t")} as row, ${check} as passed from t`;
    return (await checked(sql, text))[0];
  };
  const change = (kind: "update" | "delete") => async (table: string, args: Expression) => {
    const sql = newSql();
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
    const text = `with t as (${verb} where ${where} returning t.*)
      select ${shape(table, "t")} as row, ${check} as passed from t`;
    const returning = await checked(sql, text);
    return { affected_rows: returning.length, returning };
  };
  const [update, remove] = [change("update"), change("delete")];

  const fields: Record<string, (args: Expression) => Promise<unknown>> = {};
  for (const table of allTables.map((entry) => entry.table.name)) {
    fields[table] = (args) => select(table, () => escapeIdentifier(table), args);
    fields[`${table}_by_pk`] = async ({ id }) =>
      (await select(table, () => escapeIdentifier(table), { where: { id: { _eq: id } } }))[0] ?? null;
    fields[`insert_${table}_one`] = ({ object }) => insert(table, isExpression(object) ? object : {});
    fields[`update_${table}`] = (args) => update(table, args);
    fields[`update_${table}_by_pk`] = async ({ pk_columns, _set }) =>
      (await update(table, { where: byKey(pk_columns), _set })).returning[0] ?? null;
    fields[`delete_${table}`] = (args) => remove(table, args);
    fields[`delete_${table}_by_pk`] = async (key) =>
      (await remove(table, { where: byKey(key) })).returning[0] ?? null;
    fields[`${table}_stream`] = (args) => select(table, () => escapeIdentifier(table), streamed(args));
  }
  const sessionJson = JSON.stringify({
    "x-hasura-role": session.role,
    "x-hasura-user-id": session.userId,
  });
  for (const { function: called, configuration } of functions)
    fields[called.name] = (args) =>
      select(
        "chat_messages",
        (sql) => {
          const given = {
            ...(isExpression(args["args"]) ? args["args"] : {}),
            ...(configuration?.session_argument && { [configuration.session_argument]: sessionJson }),
          };
          const named = Object.entries(given).map(([name, value]) => `${name} => ${sql.value(value)}`);
          return `${called.name}(${named.join(", ")})`;
        },
        args,
      );
  return fields;
}

const byKey = (key: unknown): Expression =>
  Object.fromEntries(
    Object.entries(isExpression(key) ? key : {}).map(([name, value]) => [name, { _eq: value }]),
  );

const streamSchema = z.object({
  batch_size: z.number(),
  cursor: z.tuple([z.object({ initial_value: z.record(z.string(), z.unknown()) })]),
  where: z.record(z.string(), z.unknown()).default({}),
});

/** A stream's first batch as a query: rows after the cursor, in its order. */
function streamed(args: Expression): Expression {
  const { batch_size, cursor, where } = streamSchema.parse(args);
  const [[column = "", value] = []] = Object.entries(cursor[0].initial_value);
  return {
    where: { _and: [where, { [column]: { _gt: value } }] },
    order_by: [{ [column]: "asc" }],
    limit: batch_size,
  };
}

/** A row as JSON, with what our operations ask of its relationships and computed fields. */
function shape(table: string, alias: string): string {
  const related = (target: string, on: string) =>
    `(select to_json(r) from ${target} r where r.${on} limit 1)`;
  const extra: Record<string, string> = {
    chat_messages: `'user', ${related("users", `id = ${alias}.user_id`)}, 'link_preview', ${related("link_previews", `phenom_id = ${alias}.phenom_id and link_previews_is_fresh(r)`)}`,
    chat_members: `'user', ${related("users", `id = ${alias}.user_id`)}, 'is_banned', chat_members_is_banned(${alias}.*), 'searched_names', chat_members_searched_names(${alias}.*)`,
    chat_reports: `'message', ${related("chat_messages", `id = ${alias}.message_id`)}, 'user', ${related("users", `id = ${alias}.reported_by`)}`,
    chat_blocks: `'blocked', ${related("users", `id = ${alias}.blocked_id`)}`,
    chat_bans: `'user', ${related("users", `id = ${alias}.user_id`)}, 'is_active', (${alias}.expires_at is null or ${alias}.expires_at > now()), 'is_longest', chat_bans_is_longest(${alias}.*), 'searched_names', chat_bans_searched_names(${alias}.*)`,
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
