import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { close, listen } from "./listening.ts";

const tableName = z.object({ schema: z.string(), name: z.string() });
const call = z.object({ type: z.string(), args: z.unknown() });
const args = z.looseObject({
  source: z.literal("default"),
  table: tableName.optional(),
  function: tableName.optional(),
  name: z.string().optional(),
  role: z.string().optional(),
  replace: z.boolean().optional(),
});

const usersPermission = z.object({
  permission: z.object({
    columns: z.union([z.literal("*"), z.array(z.string())]),
    filter: z.record(z.string(), z.unknown()),
    query_root_fields: z.array(z.string()).optional(),
  }),
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** What the server does with one call in place of its own answer: an answer, or silence. */
export type Disturbance = (type: string, body: string) => Answer | "hang" | undefined;

export interface MetadataApi {
  readonly endpoint: string;
  readonly adminSecret: string;
  /** Types of the calls received, in order. */
  readonly calls: string[];
  /** Every object that the metadata holds, by kind and name, with its definition. */
  readonly objects: Map<string, unknown>;
  /** Database triggers that exist, by event trigger. */
  readonly databaseTriggers: Set<string>;
  /** Ids of the rows of the backend's table. */
  readonly users: string[];
  disturbance: Disturbance | undefined;
  stop(): Promise<void>;
}

const success: Answer = { status: 200, body: { message: "success" } };
const refusal = (code: string, error: string): Answer => ({
  status: 400,
  body: { path: "$.args", error, code },
});

/**
 * Answers as Hasura v2's metadata and schema API documents for the calls that the chat's metadata task
 * sends: codes already-tracked, already-exists and not-exists with status 400, `bulk` all or nothing. GraphQL as a role is
 * answered for what the task asks of the backend's table `users`.
 */
export async function startMetadataApi(adminSecret = 'se"cr\\et $HOME'): Promise<MetadataApi> {
  const api = {
    calls: [] as string[],
    objects: new Map<string, unknown>(),
    databaseTriggers: new Set<string>(),
    users: [] as string[],
    disturbance: undefined as Disturbance | undefined,
  };

  const create = (key: string, value: unknown, needs: readonly string[], code = "already-exists"): Answer => {
    const missing = needs.find((need) => !api.objects.has(need));
    if (missing !== undefined) return refusal("not-exists", `${missing} does not exist`);
    if (api.objects.has(key)) return refusal(code, `${key} already there`);
    api.objects.set(key, value);
    return success;
  };

  const perform = (type: string, given: unknown): Answer => {
    if (type === "bulk") {
      const before = new Map(api.objects);
      const results: unknown[] = [];
      for (const each of z.array(call).parse(given)) {
        const answer = perform(each.type, each.args);
        if (answer.status !== 200) {
          api.objects.clear();
          for (const [key, value] of before) api.objects.set(key, value);
          return answer;
        }
        results.push(answer.body);
      }
      return { status: 200, body: results };
    }
    if (type === "get_inconsistent_metadata") {
      return { status: 200, body: { is_consistent: true, inconsistent_objects: [] } };
    }
    if (type === "reload_metadata") {
      for (const key of api.objects.keys()) {
        if (key.startsWith("event trigger ")) api.databaseTriggers.add(key);
      }
      return success;
    }
    const { table, name, role, function: fn, replace, ...rest } = args.parse(given);
    const on = `table ${table?.name}`;
    const [, verb, kind] = /^pg_(create|drop)_(select|insert|update|delete)_permission$/.exec(type) ?? [];
    if (verb !== undefined) {
      const key = `${kind} permission of ${role} on ${table?.name}`;
      if (verb === "create") return create(key, rest, [on]);
      return api.objects.delete(key) ? success : refusal("not-exists", `${key} does not exist`);
    }
    switch (type) {
      case "pg_track_table":
        return create(on, {}, [], "already-tracked");
      case "pg_track_function":
        return create(`function ${fn?.name}`, rest, [], "already-tracked");
      case "pg_create_function_permission":
        return create(`permission of ${role} for ${fn?.name}`, rest, [
          `function ${fn?.name}`,
          `select permission of ${role} on chat_messages`,
        ]);
      case "pg_create_object_relationship":
      case "pg_create_array_relationship":
      case "pg_add_computed_field":
        return create(`${name} of ${table?.name}`, rest, [on]);
      case "pg_create_event_trigger": {
        const key = `event trigger ${name}`;
        if (replace) {
          if (!api.objects.has(key)) return refusal("not-exists", `${key} does not exist`);
          api.objects.set(key, rest);
          return success;
        }
        // The engine looks at the database's triggers here, not at its metadata.
        if (api.databaseTriggers.has(key)) return refusal("already-exists", `${key} already exists`);
        api.objects.set(key, rest);
        api.databaseTriggers.add(key);
        return success;
      }
      default:
        return refusal("parse-failed", `unknown metadata command ${type}`);
    }
  };

  /** The two queries that the task sends as a role, answered by the select permission on users. */
  const asRole = (query: string, role: string): Answer => {
    const permission = usersPermission.safeParse(api.objects.get(`select permission of ${role} on users`))
      .data?.permission;
    const error = (message: string): Answer => ({
      status: 200,
      body: { errors: [{ message, extensions: { path: "$", code: "validation-failed" } }] },
    });
    if (query.includes("{ users(limit: 1)")) {
      if (role !== "admin" && (!permission || permission.query_root_fields?.length === 0))
        return error("field 'users' not found in type: 'query_root'");
      const hidden = role !== "admin" && Object.keys(permission?.filter ?? {}).length > 0;
      return { status: 200, body: { data: { users: hidden ? [] : api.users.map((id) => ({ id })) } } };
    }
    const asked = /user \{ ([\w ]+) \}/.exec(query)?.[1]?.split(" ") ?? [];
    const columns = permission?.columns ?? [];
    const missing = asked.find((column) => columns !== "*" && !columns.includes(column));
    return missing === undefined
      ? { status: 200, body: { data: { chat_messages: [] } } }
      : error(`field '${missing}' not found in type: 'users'`);
  };

  const server = createServer(async (request, response) => {
    const body = await text(request);
    const reply = ({ status, body: answer }: Answer) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(answer));
    };
    if (request.headers["x-hasura-admin-secret"] !== adminSecret) {
      return reply({
        status: 401,
        body: { path: "$", error: 'invalid "x-hasura-admin-secret"', code: "access-denied" },
      });
    }
    if (request.url === "/v1/graphql")
      return reply(
        asRole(
          z.object({ query: z.string() }).parse(JSON.parse(body)).query,
          String(request.headers["x-hasura-role"] ?? "admin"),
        ),
      );
    const { type, args: given } = call.parse(JSON.parse(body));
    api.calls.push(type);
    const disturbed = api.disturbance?.(type, body);
    if (disturbed === "hang") return;
    if (disturbed !== undefined) return reply(disturbed);
    if (request.url === "/v2/query" && type === "run_sql") {
      const count = String(api.databaseTriggers.size);
      return reply({ status: 200, body: { result_type: "TuplesOk", result: [["count"], [count]] } });
    }
    if (request.url !== "/v1/metadata")
      return reply({ status: 404, body: { error: "resource does not exist" } });
    return reply(perform(type, given));
  });
  return Object.assign(api, {
    endpoint: `http://127.0.0.1:${await listen(server)}/v1/graphql`,
    adminSecret,
    stop: () => close(server),
  });
}
