import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { Pool } from "pg";
import * as z from "zod";
import { roles } from "../../shared/hasura-names.ts";
import { startHasuraServer } from "../servers/hasura.ts";
import { startHasura } from "../servers/hasura-admin.ts";
import { startMetadataApi } from "../servers/hasura-metadata.ts";
import { close, listen } from "../servers/listening.ts";
import type { DatabaseConnection } from "../servers/postgres.ts";

/** A piece of content of the Phenom backend. */
export interface Content {
  readonly title: string;
  readonly description: string;
  readonly thumbnail_url: string;
  readonly media_type: string;
}

export interface HasuraOptions {
  /** The master user's connection. */
  readonly database: DatabaseConnection;
  readonly adminSecret: string;
  /** Environment variables of the engine, which headers of event triggers take their values from. */
  readonly environment: Readonly<Record<string, string>>;
  /** Content by id. */
  readonly content: ReadonlyMap<string, Content>;
  /** Sends an event to a webhook. @returns the status */
  readonly deliver: (url: string, headers: Readonly<Record<string, string>>, body: object) => Promise<number>;
  /** Divides the interval between two deliveries of one event. */
  readonly haste: number;
  /** Whether a token has the user pool's signature. */
  readonly isGenuine: (token: string) => boolean;
}

/** The stand-in for Hasura's engine, as one server. */
export interface Hasura {
  readonly port: number;
  stop(): Promise<void>;
}

const eventTrigger = z.object({
  webhook: z.string(),
  headers: z.array(z.object({ name: z.string(), value_from_env: z.string() })),
  retry_conf: z.object({ num_retries: z.number(), interval_sec: z.number() }),
});
const POLL_MS = 200;

/**
 * Puts the stand-ins for parts of Hasura's engine behind one port: GraphQL by role, GraphQL with the admin secret for the
 * operations of the link preview, the metadata API, and the event trigger that the metadata creates.
 */
export async function startHasuraStandIn(options: HasuraOptions): Promise<Hasura> {
  const pool = new Pool({ ...options.database, max: 4, options: "-c TimeZone=UTC" });
  pool.on("error", () => {});
  const users = await startHasuraServer(options.database, options.adminSecret);
  users.refuseTokens((token) => !options.isGenuine(token));
  const phenoms_by_pk = ({ id }: Record<string, unknown>) => options.content.get(String(id)) ?? null;
  const admin = await startHasura(pool, { phenoms_by_pk, content: phenoms_by_pk });
  admin.adminSecret = options.adminSecret;
  const metadata = await startMetadataApi(options.adminSecret);
  const stopped = new AbortController();
  const triggers = runEventTriggers(pool, metadata.objects, options, stopped.signal);

  const server = createServer((incoming, response) => {
    if (incoming.url === "/healthz") return void response.writeHead(200).end("OK");
    const isAdmin = "x-hasura-admin-secret" in incoming.headers;
    if (incoming.url !== "/v1/graphql") return pass(metadata.endpoint, incoming, response);
    if (!isAdmin && !incoming.headers.authorization)
      return void response.end(
        JSON.stringify({
          errors: [
            {
              message: 'Missing "Authorization" or "Cookie" header in JWT authentication mode',
              extensions: { path: "$", code: "invalid-headers" },
            },
          ],
        }),
      );
    // With the admin secret a request may act as any role: of this project's, or of who may read the content.
    const actsAsOurs = roles.some((role) => role === incoming.headers["x-hasura-role"]);
    pass(isAdmin && !actsAsOurs ? admin.endpoint : users.endpoint, incoming, response);
  });
  return {
    port: await listen(server),
    async stop() {
      stopped.abort();
      await triggers;
      await close(server);
      await Promise.all([users.stop(), admin.stop(), metadata.stop()]);
      await pool.end();
    },
  };
}

function pass(endpoint: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { hostname, port } = new URL(endpoint);
  const onward = request(
    { hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers },
    (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    },
  );
  onward.once("error", () => response.writeHead(502).end());
  incoming.pipe(onward);
}

/** Delivers each new row of the outbox to the webhook of every event trigger that the metadata holds. */
async function runEventTriggers(
  pool: Pool,
  objects: ReadonlyMap<string, unknown>,
  { environment, deliver, haste }: HasuraOptions,
  signal: AbortSignal,
): Promise<void> {
  const deliveries = new Map<string, { readonly retry: number; readonly at: number }>();
  while (!signal.aborted) {
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    const definitions = [...objects].filter(([name]) => name.startsWith("event trigger "));
    if (definitions.length === 0 || signal.aborted) continue;
    const { rows } = await pool
      .query("select id, phenom_id, created_at from public.chat_link_preview_requests")
      .catch(() => ({ rows: [] }));
    for (const [name, definition] of definitions) {
      const { webhook, headers, retry_conf } = eventTrigger.parse(definition);
      for (const row of rows) {
        const key = `${name} ${row.id}`;
        const { retry, at } = deliveries.get(key) ?? { retry: 0, at: 0 };
        if (retry > retry_conf.num_retries || performance.now() < at) continue;
        const status = await deliver(
          webhook,
          Object.fromEntries(headers.map((each) => [each.name, environment[each.value_from_env] ?? ""])),
          {
            ...{
              id: row.id,
              created_at: row.created_at,
              trigger: { name: name.replace("event trigger ", "") },
            },
            table: { schema: "public", name: "chat_link_preview_requests" },
            delivery_info: { current_retry: retry, max_retries: retry_conf.num_retries },
            event: { op: "INSERT", data: { old: null, new: row }, session_variables: null },
          },
        ).catch(() => 0);
        const delivered = status >= 200 && status < 300;
        deliveries.set(key, {
          retry: delivered ? Number.POSITIVE_INFINITY : retry + 1,
          at: performance.now() + (retry_conf.interval_sec * 1000) / haste,
        });
      }
    }
  }
}
