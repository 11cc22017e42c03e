import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import * as z from "zod";
import { describeWithSynapse } from "../../../test/describe-with-synapse.ts";
import { type Account, account, createRoom, matrix, register, send } from "../../../test/matrix.ts";
import type { Cognito } from "../../../tools/servers/cognito.ts";
import { type PostgresServer, startPostgres } from "../../../tools/servers/postgres.ts";
import { deploySynapse, type Synapse, type SynapseDeployment } from "../../../tools/servers/synapse.ts";
import { exampleCognito, mobileClientId } from "../../../tools/servers/synapse-user-pool.ts";

const CLIENTS = 100;
const SENDERS = 3;
const MESSAGES_EACH = 2;

describeWithSynapse(`a homeserver with ${CLIENTS} people in one room`, () => {
  let postgres: PostgresServer;
  let cognito: Cognito;
  let deployment: SynapseDeployment;
  let synapse: Synapse;

  beforeAll(async () => {
    cognito = exampleCognito("unused");
    postgres = await startPostgres();
    deployment = await deploySynapse(postgres, {
      jwt: { keys: cognito.jwks, audiences: [mobileClientId] },
    });
    synapse = await deployment.start();
  });
  afterAll(async () => {
    await synapse?.stop();
    await deployment?.remove();
    await postgres?.stop();
  });

  /** A phone of its own address signs in. */
  const signIn = async (index: number): Promise<Account> => {
    const user = { username: `person-${index}`, email: `person-${index}@example.org` };
    return account(
      await matrix(synapse.url, "POST", "/_matrix/client/v3/login", {
        body: { type: "org.matrix.login.jwt", token: cognito.idToken(user, { audience: mobileClientId }) },
        address: `198.51.100.${index}`,
      }),
    );
  };

  it("delivers every message once to everyone who syncs", async () => {
    const admin = account(
      await register(synapse.url, deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET, {
        ...{ username: "phenom-admin", password: randomUUID() + randomUUID(), admin: true },
      }),
    );
    const room = await createRoom(synapse.url, admin, {
      ...{ room_alias_name: "community", preset: "public_chat" },
    });
    const people: Account[] = [];
    for (let index = 1; index <= CLIENTS; index++) people.push(await signIn(index));

    const starts = await Promise.all(people.map((person) => sync(person, room)));
    const receiving = people.map((person, i) => receive(person, room, starts[i]?.since ?? ""));
    const sent = await Promise.all(
      people.slice(0, SENDERS).map(async (person, i) => {
        const ids: string[] = [];
        for (let n = 0; n < MESSAGES_EACH; n++) {
          const { status, body } = await send(synapse.url, person, room, `${i}: ${n}`);
          expect(status).toBe(200);
          ids.push(String(body["event_id"]));
        }
        return ids;
      }),
    );
    for (const received of await Promise.all(receiving)) {
      expect(received).toHaveLength(SENDERS * MESSAGES_EACH);
      expect(new Set(received)).toEqual(new Set(sent.flat()));
      // Each sender's messages come in their order.
      for (const ids of sent) expect(received.filter((id) => ids.includes(id))).toEqual(ids);
    }
  }, 240_000);

  const syncReply = z.object({
    next_batch: z.string(),
    rooms: z
      .object({
        join: z
          .record(
            z.string(),
            z.object({
              timeline: z.object({
                limited: z.boolean(),
                events: z.array(z.object({ type: z.string(), event_id: z.string() })),
              }),
            }),
          )
          .optional(),
      })
      .optional(),
  });

  /** One long poll: the messages that it brought, and where the next one begins. */
  async function sync({ accessToken }: Account, room: string, since?: string) {
    const filter = {
      presence: { types: [] },
      room: { state: { lazy_load_members: true }, timeline: { limit: 200, types: ["m.room.message"] } },
    };
    const query = new URLSearchParams({
      filter: JSON.stringify(filter),
      timeout: "30000",
      ...(since && { since }),
    });
    const reply = await matrix(synapse.url, "GET", `/_matrix/client/v3/sync?${query}`, {
      token: accessToken,
    });
    const { next_batch, rooms } = syncReply.parse(reply.body);
    const timeline = rooms?.join?.[room]?.timeline;
    return { since: next_batch, messages: (timeline?.events ?? []).map(({ event_id }) => event_id) };
  }

  /** Polls until all messages are there; the test's deadline ends it otherwise. */
  async function receive(person: Account, room: string, from: string): Promise<string[]> {
    const received: string[] = [];
    let since = from;
    while (received.length < SENDERS * MESSAGES_EACH) {
      const next = await sync(person, room, since);
      received.push(...next.messages);
      since = next.since;
    }
    return received;
  }
});
