import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { TableEntry } from "@hasura/metadata";
import type { Pool } from "pg";
import * as z from "zod";
import { HasuraSql, isExpression, permissionOf, trackedTable } from "./hasura-permissions.ts";

/** The engine's defaults: milliseconds between two polls, and subscribers that one statement serves. */
export const REFETCH_MS = 1000;
const BATCH = 100;
/** Messages of one room in one response. */
const MOST_ROWS = 50;

export interface Subscription {
  readonly userId: string;
  readonly room: string;
  /** The highest `seq` that the subscriber knows. */
  readonly since: number;
}

interface Subscriber extends Subscription {
  readonly response: ServerResponse;
}

const rowSchema = z.object({ id: z.string(), messages: z.array(z.unknown()), cursor: z.coerce.number() });

/**
 * New messages of a room for subscribers, found as Hasura's engine finds those of `chat_messages_stream`: a statement polls
 * for up to 100 subscribers of role `user` at once, each with their own session, variables and cursor, and the next poll
 * begins an interval after the last ended. The engine sends results over WebSockets; here each is a line of JSON in a
 * response that stays open.
 */
export class MessageStreams {
  readonly #pool: Pool;
  readonly #statement: string;
  readonly #subscribers = new Map<string, Subscriber>();
  #polling = false;

  constructor(pool: Pool, tables: readonly TableEntry[]) {
    this.#pool = pool;
    this.#statement = streamStatement(tables);
  }

  add(subscription: Subscription, response: ServerResponse): void {
    const id = randomUUID();
    this.#subscribers.set(id, { ...subscription, response });
    response.on("close", () => this.#subscribers.delete(id));
    response.writeHead(200, { "content-type": "application/x-ndjson" }).flushHeaders();
    if (!this.#polling) void this.#poll();
  }

  /** Polls until nobody subscribes. */
  async #poll(): Promise<void> {
    this.#polling = true;
    try {
      while (this.#subscribers.size > 0) {
        const all = [...this.#subscribers];
        for (let from = 0; from < all.length; from += BATCH) await this.#serve(all.slice(from, from + BATCH));
        await wait(REFETCH_MS);
      }
    } catch (error) {
      for (const { response } of this.#subscribers.values())
        response.destroy(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.#polling = false;
    }
  }

  async #serve(batch: readonly (readonly [string, Subscriber])[]): Promise<void> {
    for (const { id, messages, cursor } of await newMessages(this.#pool, this.#statement, batch)) {
      const subscriber = this.#subscribers.get(id);
      if (!subscriber) continue;
      this.#subscribers.set(id, { ...subscriber, since: cursor });
      subscriber.response.write(`${JSON.stringify({ data: { chat_messages_stream: messages } })}\n`);
    }
  }
}

/** One poll. @returns subscribers for whom there is something, with their new cursor */
export async function newMessages(
  database: Pick<Pool, "query">,
  statement: string,
  subscribers: readonly (readonly [id: string, Subscription])[],
): Promise<z.infer<typeof rowSchema>[]> {
  const { rows } = await database.query({
    name: "stream",
    text: statement,
    values: [
      subscribers.map(([id]) => id),
      subscribers.map(([, { userId, room, since }]) =>
        JSON.stringify({ session: { "x-hasura-user-id": userId }, room, since }),
      ),
    ],
  });
  return rows.map((row) => rowSchema.parse(row));
}

/** A session variable is read from the row of its subscriber. */
class SubscriberSql extends HasuraSql {
  override value(value: unknown): string {
    return typeof value === "string" && /^x-hasura-[\w-]+$/i.test(value)
      ? `(subscriber.variables #>> '{session,${value.toLowerCase()}}')`
      : super.value(value);
  }
}

/** The statement of a poll: `$1` has the subscribers' ids, `$2` their variables. */
export function streamStatement(tables: readonly TableEntry[]): string {
  const sql = new SubscriberSql(tables, {});
  const granted = permissionOf(trackedTable(tables, "chat_messages"), "select", "user");
  const filter = ("filter" in granted && isExpression(granted.filter) && granted.filter) || {};
  const condition = sql.condition("chat_messages", "t", filter);
  // The literals of the permission take the place of parameters: the statement's own are the batch.
  const permitted = sql.values.reduce<string>(
    (text, value, index) => text.replace(new RegExp(`\\$${index + 1}\\b`), `'${String(value)}'`),
    condition,
  );
  return `
    select subscriber.id, page.messages, page.cursor
      from unnest($1::text[], $2::json[]) subscriber (id, variables)
      cross join lateral (
        select json_agg(to_json(found)) as messages, max(found.seq) as cursor
          from (select t.id, t.seq, t.user_id, t.content, t.created_at, t.updated_at
                  from chat_messages t
                 where t.room_id = (subscriber.variables ->> 'room')::uuid
                   and t.seq > (subscriber.variables ->> 'since')::bigint
                   and ${permitted}
                 order by t.seq limit ${MOST_ROWS}) found) page
     where page.cursor is not null`;
}
