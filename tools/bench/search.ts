// The first page of searches over a corpus whose words are as frequent as those of a language (Zipf).
import type { Client } from "pg";
import { statements } from "../../mcp-server/backends/postgres-statements.ts";
import { bounds } from "../../mcp-server/backends/sql-form.ts";
import { percentile } from "../ab/statistics.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { type Figure, type Run, timed } from "./benchmark.ts";
import { peopledDatabase } from "./chat-database.ts";

export const name = "search";
export const description =
  "the first page of a search in 5 million messages: common, rare, Japanese, by sender";

const AGENT = "user-1";
const PAGE = 50;
/** Different words; the n-th most frequent one is n times rarer than the most frequent. */
const VOCABULARY = 50_000;
const MS_P99 = 50;

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const messages = quick ? 150_000 : 5_000_000;
  const runs = quick ? 100 : 500;
  const server = await startPostgres({ large: true });
  try {
    progress(`filling a table with ${messages} messages`);
    const client = await filled(server, messages);
    const { since, until } = bounds({});
    const words = (query: string) => ({
      statement: statements.searchMessages.first,
      values: [AGENT, query, PAGE + 1, null, null, since, until],
    });
    // A word of each rank, and one of the ranks between which neither the newest messages nor the index alone are quick.
    const searches = {
      "a common word": words("w1"),
      "a word in one of 100 messages": words("w110"),
      "a word in one of 1000 messages": words("w1100"),
      "a rare word": words("w49000"),
      "two Japanese characters": words("東京"),
      "the host of an address": words("spam.example.com"),
      "a sender without a query": {
        statement: statements.messagesOfUser.first,
        values: [AGENT, "user-7", PAGE + 1, null, since, until],
      },
    };
    const figures: Figure[] = [];
    for (const [label, { statement, values }] of Object.entries(searches)) {
      progress(`${runs} searches: ${label}`);
      const times: number[] = [];
      let rows = 0;
      for (let run = 0; run < runs; run++)
        times.push(
          await timed(async () => {
            rows = (await client.query({ ...statement, values })).rowCount ?? 0;
          }),
        );
      figures.push({
        label: `${label} (${rows} found), of ${messages} messages, 99th percentile`,
        measured: percentile(times, 99),
        unit: "ms",
        target: { atMost: MS_P99 },
      });
    }
    await client.end();
    return figures;
  } finally {
    await server.stop();
  }
}

/** A database with that many messages of twelve words in three rooms; some hold Japanese or an address. */
async function filled(server: PostgresServer, messages: number): Promise<Client> {
  const client = await peopledDatabase(server);
  // An index is built in a fraction of the time in which it is filled row by row.
  const { rows } = await client.query<{ name: string; definition: string }>(
    `select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
       from pg_index where indrelid = 'chat_message_search'::regclass and not indisunique`,
  );
  for (const { name } of rows) await client.query(`drop index ${name}`);
  await client.query("select setseed(0.5)");
  await client.query(
    `insert into chat_messages (room_id, user_id, content, created_at, updated_at)
     select ('550e8400-e29b-41d4-a716-44665544000' || 1 + n % 3)::uuid, 'user-' || 1 + n % 1000,
            (select string_agg('w' || floor(exp(random() * ln($2::float)))::int, ' ')
               from generate_series(1, 12) where n > 0)
              || case when n % 500 = 0 then ' 東京に行きました' when n % 50 = 0 then ' 日本語の文' else '' end
              || case when n % 1000 = 1 then ' https://spam.example.com/win?prize=' || n else '' end,
            t, t
       from (select n, timestamptz '2025-01-01' + n * interval '1 second' as t from generate_series(1, $1::int) n)`,
    [messages, VOCABULARY],
  );
  await client.query(
    `insert into chat_message_search (message_id, room_id, user_id, created_at, words)
     select id, room_id, user_id, created_at, chat_search_vector(content, 'english') || chat_search_days(created_at)
       from chat_messages
      order by created_at`,
  );
  for (const { definition } of rows) await client.query(definition);
  await client.query("vacuum analyze chat_messages, chat_message_search, chat_members, chat_rooms");
  await client.query("set session_replication_role = origin");
  return client;
}
