import { createHash, randomBytes, randomUUID } from "node:crypto";
import * as z from "zod";
import { LOGIN_PATH, matrixRequest, path } from "../../shared/matrix.ts";
import type { Cognito } from "../servers/cognito.ts";
import { mobileClientId } from "../servers/synapse-user-pool.ts";

/** A person's app on Matrix. */
export interface Person {
  readonly userId: string;
  readonly deviceId: string;
  readonly token: string;
}

const loginSchema = z.object({ user_id: z.string(), device_id: z.string(), access_token: z.string() });
const pageSchema = z.object({ chunk: z.array(z.object({ event_id: z.string() })) });
const syncSchema = z.object({
  next_batch: z.string(),
  rooms: z
    .object({
      join: z.record(
        z.string(),
        z.object({ timeline: z.object({ events: z.array(z.object({ event_id: z.string() })) }) }),
      ),
    })
    .partial()
    .optional(),
});

/** What the rehearsal does as people's apps do it. */
export function chatOn(url: () => string, cognito: Cognito) {
  const ask = async <Result>(
    schema: z.ZodType<Result>,
    method: string,
    to: string,
    { token, body }: { token?: string; body?: unknown } = {},
  ): Promise<Result> => {
    const { status, body: answer, text } = await matrixRequest(url(), { method, path: to, body }, { token });
    if (status !== 200) throw new Error(`${method} ${to}: ${status} ${text}`);
    return schema.parse(answer);
  };
  const anything = z.unknown();
  const media = async (method: string, to: string, token: string, body?: Buffer) => {
    const response = await fetch(`${url()}${to}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" },
      ...(body && { body }),
    });
    return { ok: response.ok, content: Buffer.from(await response.arrayBuffer()) };
  };

  return {
    async signIn(username: string): Promise<Person> {
      const token = cognito.idToken(
        { username, email: `${username}@example.org` },
        { audience: mobileClientId },
      );
      const { user_id, device_id, access_token } = await ask(loginSchema, "POST", LOGIN_PATH, {
        body: { type: "org.matrix.login.jwt", token },
      });
      return { userId: user_id, deviceId: device_id, token: access_token };
    },
    /** Whether a session is one. */
    isSignedIn: async ({ token }: Person): Promise<boolean> =>
      (await matrixRequest(url(), { method: "GET", path: "/_matrix/client/v3/account/whoami" }, { token }))
        .status === 200,
    createRoom: async ({ token }: Person): Promise<string> =>
      (
        await ask(z.object({ room_id: z.string() }), "POST", "/_matrix/client/v3/createRoom", {
          ...{ token, body: { preset: "public_chat", name: "Rehearsal" } },
        })
      ).room_id,
    join: ({ token }: Person, room: string) =>
      ask(anything, "POST", path`/_matrix/client/v3/rooms/${room}/join`, { token }),
    send: async ({ token }: Person, room: string, text: string): Promise<string> =>
      (
        await ask(
          z.object({ event_id: z.string() }),
          "PUT",
          path`/_matrix/client/v3/rooms/${room}/send/m.room.message/${randomUUID()}`,
          { token, body: { msgtype: "m.text", body: text } },
        )
      ).event_id,
    /** Ids of a room's messages, oldest first. */
    messages: async ({ token }: Person, room: string): Promise<string[]> => {
      const filter = encodeURIComponent(JSON.stringify({ types: ["m.room.message"] }));
      const to = `${path`/_matrix/client/v3/rooms/${room}/messages`}?dir=f&limit=1000&filter=${filter}`;
      return (await ask(pageSchema, "GET", to, { token })).chunk.map(({ event_id }) => event_id);
    },
    /** New events of a room since a position, and the next one. */
    async sync({ token }: Person, room: string, since?: string) {
      const query = new URLSearchParams({ timeout: "0", ...(since && { since }) });
      const { next_batch, rooms } = await ask(syncSchema, "GET", `/_matrix/client/v3/sync?${query}`, {
        token,
      });
      const events = rooms?.join?.[room]?.timeline.events ?? [];
      return { next: next_batch, events: events.map(({ event_id }) => event_id) };
    },
    /** Uploads random bytes. @returns their address and SHA-256 */
    async upload({ token }: Person) {
      const content = randomBytes(100_000);
      const { content: answer } = await media("POST", "/_matrix/media/v3/upload", token, content);
      const { content_uri } = z.object({ content_uri: z.string() }).parse(JSON.parse(answer.toString()));
      return { uri: content_uri.replace("mxc://", ""), hash: hashOf(content) };
    },
    /** SHA-256 of a file; `undefined` if the homeserver doesn't have it. */
    async download({ token }: Person, uri: string): Promise<string | undefined> {
      const { ok, content } = await media("GET", `/_matrix/client/v1/media/download/${uri}`, token);
      return ok ? hashOf(content) : undefined;
    },
    /** Device keys and a key backup, as an app with encryption makes them. */
    async makeKeys({ userId, deviceId, token }: Person, room: string): Promise<void> {
      const key = randomBytes(32).toString("base64").replace("=", "");
      const device_keys = {
        ...{ user_id: userId, device_id: deviceId, algorithms: ["m.megolm.v1.aes-sha2"] },
        keys: { [`ed25519:${deviceId}`]: key },
        signatures: { [userId]: { [`ed25519:${deviceId}`]: key } },
      };
      await ask(anything, "POST", "/_matrix/client/v3/keys/upload", { token, body: { device_keys } });
      const { version } = await ask(
        z.object({ version: z.string() }),
        "POST",
        "/_matrix/client/v3/room_keys/version",
        {
          token,
          body: { algorithm: "m.megolm_backup.v1.curve25519-aes-sha2", auth_data: { public_key: key } },
        },
      );
      const session = { first_message_index: 0, forwarded_count: 0, is_verified: true };
      await ask(
        anything,
        "PUT",
        `${path`/_matrix/client/v3/room_keys/keys/${room}/session`}?version=${version}`,
        {
          ...{ token, body: { ...session, session_data: { ciphertext: key } } },
        },
      );
    },
    /** Device keys and key backup as the homeserver has them, as text. */
    async keys({ userId, token }: Person): Promise<string> {
      const device = await ask(
        z.object({ device_keys: z.unknown() }),
        "POST",
        "/_matrix/client/v3/keys/query",
        {
          ...{ token, body: { device_keys: { [userId]: [] } } },
        },
      );
      const version = await ask(
        z.looseObject({ version: z.string() }),
        "GET",
        "/_matrix/client/v3/room_keys/version",
        {
          token,
        },
      );
      const backup = await ask(
        anything,
        "GET",
        `/_matrix/client/v3/room_keys/keys?version=${version.version}`,
        { token },
      );
      return JSON.stringify([device.device_keys, version, backup]);
    },
  };
}

const hashOf = (content: Buffer) => createHash("sha256").update(content).digest("hex");
