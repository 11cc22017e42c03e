// What old messages take, and moving them to the archive as the daily run does, in batches.
import type { Client } from "pg";
import * as z from "zod";
import { startPostgres } from "../servers/postgres.ts";
import { type Figure, type Run, timed } from "./benchmark.ts";
import { peopledDatabase } from "./chat-database.ts";

export const name = "retention";
export const description = "storage of messages and of the same in the archive, and the time of moving them";

const BATCH = 2000;

const sizeSchema = z.tuple([z.object({ bytes: z.coerce.number() })]);
const movedSchema = z.tuple([z.object({ moved: z.coerce.number() })]);

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const messages = quick ? 10_000 : 200_000;
  const server = await startPostgres({ large: true });
  try {
    const client = await peopledDatabase(server);
    // With triggers, because they fill the search.
    await client.query("set session_replication_role = origin");
    progress(`writing ${messages} messages with rules, order and search`);
    await client.query(
      `insert into chat_messages (room_id, user_id, content, created_at, updated_at)
       select ('550e8400-e29b-41d4-a716-44665544000' || 1 + n % 3)::uuid, 'user-' || 1 + n % 1000,
              'message ' || n || ' about a light in the sky over the hills, seen by several people at once', t, t
         from (select n, timestamptz '2020-01-01' + n * interval '1 second' as t from generate_series(1, $1::int) n)`,
      [messages],
    );
    await client.query("vacuum analyze");
    const hot = await size(client, "chat_messages", "chat_message_search");
    progress(`moving ${messages} messages in batches of ${BATCH}`);
    const milliseconds = await timed(async () => {
      for (;;) {
        const { rows } = await client.query("select chat_archive_messages(30, $1) as moved", [BATCH]);
        if (movedSchema.parse(rows)[0].moved < BATCH) return;
      }
    });
    await client.query("vacuum full chat_messages, chat_message_search");
    const left = await size(client, "chat_messages", "chat_message_search");
    const archive = await size(client, "chat_messages_archive");
    await client.end();
    return [
      {
        label: "storage of a message in the archive",
        measured: archive / messages / 1000,
        unit: "kB",
        baseline: { label: "in the chat, with indexes and search", measured: (hot - left) / messages / 1000 },
      },
      {
        label: `archiving ${BATCH} messages`,
        measured: (milliseconds / messages) * BATCH,
        unit: "ms",
      },
    ];
  } finally {
    await server.stop();
  }
}

async function size(client: Client, ...relations: string[]): Promise<number> {
  const { rows } = await client.query(
    "select sum(pg_total_relation_size(relation::regclass)) as bytes from unnest($1::text[]) relation",
    [relations],
  );
  return sizeSchema.parse(rows)[0].bytes;
}
