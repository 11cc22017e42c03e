import { createServer, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { buildSchema, type GraphQLSchema, graphql } from "graphql";
import type { Pool } from "pg";
import * as z from "zod";
import { tables } from "../../modules/chat-hasura-lite/metadata/metadata.ts";
import { HasuraSql } from "./hasura-permissions.ts";
import { close, listen } from "./listening.ts";

/** Answer in place of the server's own, or none at all. */
type Disturbance = { status: number; body: string; headers?: Record<string, string> } | "hang" | undefined;

export interface GraphqlServer {
  readonly endpoint: string;
  /** Headers and document of each request, in order. */
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly query: string }[];
  disturbance: ((query: string) => Disturbance) | undefined;
  stop(): Promise<void>;
}

const body = z.strictObject({ query: z.string(), variables: z.record(z.string(), z.unknown()).default({}) });

/** Headers of the request that a resolver answers. */
type Context = IncomingHttpHeaders;
type Root = Record<string, (args: Record<string, unknown>, context: Context) => unknown>;

/** Serves a schema over HTTP; `refuse` may turn a request down by its headers. */
export async function startGraphqlServer(
  schema: GraphQLSchema,
  rootValue: Root,
  refuse: (headers: IncomingHttpHeaders) => object | undefined = () => undefined,
): Promise<GraphqlServer> {
  const state = { requests: [] as GraphqlServer["requests"], disturbance: undefined as never };
  const server = createServer(async (request, response) => {
    const { query, variables } = body.parse(JSON.parse(await text(request)));
    state.requests.push({ headers: request.headers, query });
    const disturbed = api.disturbance?.(query);
    if (disturbed === "hang") return;
    if (disturbed) return response.writeHead(disturbed.status, disturbed.headers).end(disturbed.body);
    const answer =
      refuse(request.headers) ??
      (await graphql({
        schema,
        source: query,
        variableValues: variables,
        rootValue,
        contextValue: request.headers,
      }));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  const api: GraphqlServer = Object.assign(state, {
    endpoint: `http://127.0.0.1:${await listen(server)}/v1/graphql`,
    stop: () => close(server),
  });
  return api;
}

/** The part of the schema that Hasura generates for the table of previews and its built-in role `admin`. */
const hasuraSchema = buildSchema(`
  scalar uuid
  scalar timestamptz
  input uuid_comparison_exp { _eq: uuid _in: [uuid!] _is_null: Boolean }
  input String_comparison_exp { _eq: String _in: [String!] _is_null: Boolean }
  input timestamptz_comparison_exp {
    _eq: timestamptz _gt: timestamptz _gte: timestamptz _lt: timestamptz _lte: timestamptz _is_null: Boolean
  }
  type link_previews {
    id: uuid! url: String! phenom_id: String title: String description: String
    thumbnail_url: String media_type: String resolved_at: timestamptz! expires_at: timestamptz
  }
  input link_previews_bool_exp {
    _and: [link_previews_bool_exp!] _or: [link_previews_bool_exp!] _not: link_previews_bool_exp
    id: uuid_comparison_exp phenom_id: String_comparison_exp
    resolved_at: timestamptz_comparison_exp expires_at: timestamptz_comparison_exp
  }
  input link_previews_insert_input {
    id: uuid url: String phenom_id: String title: String description: String
    thumbnail_url: String media_type: String resolved_at: timestamptz expires_at: timestamptz
  }
  enum link_previews_constraint { link_previews_pkey link_previews_phenom_id_key }
  enum link_previews_update_column {
    id url phenom_id title description thumbnail_url media_type resolved_at expires_at
  }
  input link_previews_on_conflict {
    constraint: link_previews_constraint!
    update_columns: [link_previews_update_column!]! = []
    where: link_previews_bool_exp
  }
  type Query {
    link_previews(
      where: link_previews_bool_exp, order_by: [link_previews_order_by!], limit: Int
    ): [link_previews!]!
    chat_link_preview_requests(
      where: chat_link_preview_requests_bool_exp, order_by: [chat_link_preview_requests_order_by!], limit: Int
    ): [chat_link_preview_requests!]!
    phenoms_by_pk(id: String!): phenoms
  }
  type chat_link_preview_requests { phenom_id: String! created_at: timestamptz! }
  input chat_link_preview_requests_order_by { created_at: order_by }
  enum order_by { asc desc }
  input link_previews_order_by { expires_at: order_by }
  input chat_link_preview_requests_bool_exp {
    phenom_id: String_comparison_exp created_at: timestamptz_comparison_exp
  }
  type link_previews_mutation_response { affected_rows: Int! }
  type chat_link_preview_requests_mutation_response { affected_rows: Int! }
  type phenoms { id: String! title: String description: String thumbnail_url: String media_type: String }
  type Mutation {
    insert_link_previews_one(
      object: link_previews_insert_input!, on_conflict: link_previews_on_conflict
    ): link_previews
    delete_link_previews(where: link_previews_bool_exp!): link_previews_mutation_response
    delete_chat_link_preview_requests(
      where: chat_link_preview_requests_bool_exp!
    ): chat_link_preview_requests_mutation_response
  }
`);

const expression = z.record(z.string(), z.unknown());
const insertArguments = z.object({
  object: z.record(z.string(), z.unknown()),
  on_conflict: z.object({
    constraint: z.string(),
    update_columns: z.array(z.string()),
    where: expression.optional(),
  }),
});

export interface HasuraServer extends GraphqlServer {
  adminSecret: string;
}

/**
 * Stands for the Hasura engine, which cannot run here: checks each document against the schema that Hasura
 * generates, and answers from a real database with the statements that Hasura would send.
 */
export async function startHasura(database: Pool, content: Root): Promise<HasuraServer> {
  const remove = (table: string) => async (args: Record<string, unknown>) => {
    const sql = new HasuraSql(tables, {});
    const condition = sql.condition(table, table, expression.parse(args["where"]));
    const { rowCount } = await database.query(`delete from ${table} where ${condition}`, sql.values);
    return { affected_rows: rowCount };
  };
  const select =
    (table: string, order: string): Root[string] =>
    async ({ where, limit }) => {
      const sql = new HasuraSql(tables, {});
      const condition = sql.condition(table, table, expression.parse(where));
      const text = `select * from ${table} where ${condition} order by ${order} limit ${limit}`;
      return (await database.query(text, sql.values)).rows;
    };
  const root: Root = {
    ...content,
    chat_link_preview_requests: select("chat_link_preview_requests", "created_at"),
    delete_link_previews: remove("link_previews"),
    delete_chat_link_preview_requests: remove("chat_link_preview_requests"),
    link_previews: select("link_previews", "expires_at"),
    insert_link_previews_one: async (args) => {
      const { object, on_conflict } = insertArguments.parse(args);
      const sql = new HasuraSql(tables, {});
      const values = Object.values(object).map((value) => sql.value(value));
      const updates = on_conflict.update_columns.map((column) => `${column} = excluded.${column}`);
      const condition = sql.condition("link_previews", "link_previews", on_conflict.where ?? {});
      const { rows } = await database.query(
        `insert into link_previews (${Object.keys(object)}) values (${values})
         on conflict on constraint ${on_conflict.constraint} do update set ${updates} where ${condition}
         returning *`,
        sql.values,
      );
      return rows[0] ?? null;
    },
  };
  const hasura = await startGraphqlServer(hasuraSchema, root, (headers) =>
    headers["x-hasura-admin-secret"] === state.adminSecret
      ? undefined
      : {
          errors: [
            {
              extensions: { path: "$", code: "access-denied" },
              message: 'invalid "x-hasura-admin-secret"/"x-hasura-access-key"',
            },
          ],
        },
  );
  const state: HasuraServer = Object.assign(hasura, { adminSecret: "hasura-admin-secret" });
  return state;
}
