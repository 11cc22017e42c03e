import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import { Pool } from "pg";
import * as z from "zod";
import { membershipsOf } from "../../../lambdas/shared/provisioning/memberships.ts";
import { personOf } from "../../../lambdas/shared/provisioning/person.ts";
import { provisioning } from "../../../lambdas/shared/provisioning/statement.ts";
import { idToken } from "../../servers/agent-session.ts";
import type { DatabaseConnection } from "../../servers/postgres.ts";
import type { App, Live } from "../side.ts";

const SEND = `mutation Send($room: uuid!, $content: String!) {
  insert_chat_messages_one(object: { room_id: $room, content: $content }) { id created_at } }`;
const NEWEST = `query NewestMessages($room: uuid!) {
  chat_messages(where: { room_id: { _eq: $room } }, order_by: [{ created_at: desc }, { id: desc }], limit: 50) {
    id content message_type created_at seq
    user { id username display_name avatar_url } link_preview { url title description thumbnail_url media_type } } }`;
const answerSchema = z.object({ data: z.unknown(), errors: z.array(z.unknown()).optional() });
const newestSchema = z.object({ chat_messages: z.array(z.object({ seq: z.coerce.number().nullable() })) });
const lineSchema = z.object({
  data: z.object({ chat_messages_stream: z.array(z.object({ content: z.string() })) }),
});

/**
 * People who are provisioned as at a sign-in, are members of a room, and wait for what the stand-in of Hasura's engine
 * finds for them.
 * @param people who join beside its `members`
 */
export async function liveOnHasura(
  endpoint: string,
  database: DatabaseConnection,
  { room, members }: { readonly room: string; readonly members: number },
  people: number,
): Promise<Live & { stop(): Promise<void> }> {
  const pool = new Pool({ ...database, max: 1 });
  // After the server has stopped.
  pool.on("error", () => {});
  let received = 0;
  const name = (person: number) => `app-${person}`;

  const graphql = async (token: string, query: string, variables: object): Promise<unknown> => {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${token}`,
        "x-hasura-role": "user",
      },
      body: JSON.stringify({ query, variables: { room, ...variables } }),
    });
    const text = await response.text();
    received += Buffer.byteLength(text);
    const { data, errors } = answerSchema.parse(JSON.parse(text));
    if (errors) throw new Error(`GraphQL: ${text}`);
    return data;
  };
  const newest = async (token: string) => newestSchema.parse(await graphql(token, NEWEST, {})).chat_messages;
  const app = (token: string): App => ({
    send: async (content) => {
      await graphql(token, SEND, { content });
    },
    follow: async (arrived, signal) => {
      const since = Math.max(0, ...(await newest(token)).map(({ seq }) => seq ?? 0));
      const response = await subscribe(new URL(`?room=${room}&since=${since}`, endpoint), token, signal);
      response.on("data", (chunk: Buffer) => (received += chunk.length));
      const lines = createInterface(response);
      // The signal ends the response in the middle.
      lines.on("error", () => {});
      lines.on("line", (line) => {
        for (const { content } of lineSchema.parse(JSON.parse(line)).data.chat_messages_stream)
          arrived(content);
      });
    },
  });
  /** The post-authentication trigger's statement; the connection outlives the function's calls. */
  const provision = async (person: number) => {
    const id = name(person);
    const profile = personOf("pool", id, { sub: id, preferred_username: id });
    await pool.query(provisioning(profile, membershipsOf([]), false));
  };

  const join = (from: number, to: number) =>
    pool.query(
      "insert into chat_members (room_id, user_id) select $1, 'app-' || n from generate_series($2::int, $3::int) n",
      [room, from, to],
    );
  for (let person = 0; person < people; person++) await provision(person);
  await join(0, 0);
  return {
    members: members + 1,
    admit: async () => {
      await join(1, people - 1);
      return members + people;
    },
    apps: Array.from({ length: people }, (_, person) => app(idToken(name(person)))),
    signIn: async (person) => {
      await provision(person);
      await newest(idToken(name(person)));
    },
    receivedBytes: () => received,
    stop: () => pool.end(),
  };
}

function subscribe(url: URL, token: string, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    request(url, { headers, signal, agent: false }, (response) => {
      response.on("error", () => {});
      resolve(response);
    })
      .on("error", reject)
      .end();
  });
}
