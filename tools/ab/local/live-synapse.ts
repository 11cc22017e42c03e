import { randomUUID } from "node:crypto";
import * as z from "zod";
import { LOGIN_PATH, matrixRequest, path } from "../../../shared/matrix.ts";
import type { Cognito } from "../../servers/cognito.ts";
import { mobileClientId } from "../../servers/synapse-user-pool.ts";
import type { App, Live } from "../side.ts";

const loginSchema = z.object({ access_token: z.string() });
const syncSchema = z.object({
  next_batch: z.string(),
  rooms: z
    .object({
      join: z
        .record(
          z.string(),
          z.object({
            timeline: z.object({
              events: z.array(z.object({ content: z.object({ body: z.string().optional() }) })),
            }),
          }),
        )
        .optional(),
    })
    .optional(),
});

const filter = JSON.stringify({
  presence: { types: [] },
  room: { state: { lazy_load_members: true }, timeline: { limit: 50, types: ["m.room.message"] } },
});

/**
 * People who sign in with a Cognito token, join a room, and wait on `/sync` as the app does.
 * @param people who join beside its `members`
 */
export async function liveOnSynapse(
  url: string,
  cognito: Cognito,
  { room, members }: { readonly room: string; readonly members: number },
  people: number,
): Promise<Live> {
  let received = 0;
  const ask = async (
    token: string | undefined,
    request: Parameters<typeof matrixRequest>[1],
    options: Omit<NonNullable<Parameters<typeof matrixRequest>[2]>, "token"> = {},
  ) => {
    const { status, body, text } = await matrixRequest(url, request, { token, ...options });
    if (status !== 200) throw new Error(`${request.method} ${request.path}: ${status} ${text}`);
    received += Buffer.byteLength(text);
    return body;
  };
  /** A phone of its own address. */
  const signIn = async (person: number): Promise<string> => {
    const user = { username: `app-${person}`, email: `app-${person}@example.org` };
    const body = {
      type: "org.matrix.login.jwt",
      token: cognito.idToken(user, { audience: mobileClientId }),
    };
    const headers = { "x-forwarded-for": `198.51.${100 + (person >> 8)}.${person & 255}` };
    return loginSchema.parse(await ask(undefined, { method: "POST", path: LOGIN_PATH, body }, { headers }))
      .access_token;
  };
  const sync = async (token: string, since?: string, signal?: AbortSignal) => {
    const query = new URLSearchParams({ filter, timeout: "30000", ...(since && { since }) });
    const reply = await ask(
      token,
      { method: "GET", path: `/_matrix/client/v3/sync?${query}` },
      signal ? { signal } : {},
    );
    const { next_batch, rooms } = syncSchema.parse(reply);
    const events = rooms?.join?.[room]?.timeline.events ?? [];
    return { since: next_batch, texts: events.map(({ content }) => content.body ?? "") };
  };
  const app = (token: string): App => ({
    send: async (content) => {
      const to = path`/_matrix/client/v3/rooms/${room}/send/m.room.message/${randomUUID()}`;
      await ask(token, { method: "PUT", path: to, body: { msgtype: "m.text", body: content } });
    },
    follow: async (arrived, signal) => {
      const { since } = await sync(token, undefined, signal);
      void poll(token, since, arrived, signal);
    },
  });
  const poll = async (token: string, from: string, arrived: (text: string) => void, signal: AbortSignal) => {
    try {
      for (let since = from; ; ) {
        const next = await sync(token, since, signal);
        next.texts.forEach(arrived);
        since = next.since;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  };

  const tokens: string[] = [];
  for (let person = 0; person < people; person++) tokens.push(await signIn(person));
  const join = (token: string) =>
    ask(token, { method: "POST", path: path`/_matrix/client/v3/rooms/${room}/join` });
  const [sender = "", ...others] = tokens;
  await join(sender);
  return {
    apps: tokens.map(app),
    members: members + 1,
    admit: async () => {
      for (const token of others) await join(token);
      return members + people;
    },
    signIn: async (person) => {
      await sync(await signIn(person));
    },
    receivedBytes: () => received,
  };
}
