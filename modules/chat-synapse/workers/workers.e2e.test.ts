import { randomUUID } from "node:crypto";
import { request } from "node:http";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import * as z from "zod";
import { otherSpellings } from "../../../test/admin-spellings.ts";
import { describeWith } from "../../../test/jest/describe-if.ts";
import { eventually } from "../../../test/jest/eventually.ts";
import { withMessage } from "../../../test/jest/with-message.ts";
import {
  type Account,
  account,
  createRoom,
  matrix,
  type Reply,
  register,
  send,
} from "../../../test/matrix.ts";
import { type SynapseCluster, startCluster } from "../../../test/synapse-cluster.ts";
import { mainEndpoints, workerEndpoints } from "../../../test/worker-endpoints.ts";
import { type PostgresServer, startPostgres } from "../../../tools/servers/postgres.ts";
import { type Redis, startRedis } from "../../../tools/servers/redis.ts";

const clients = "/_matrix/client/v3";
/** In Synapse's documentation; without our configuration's leave, or superseded, nobody answers it. */
const inUse = (path: string) => !/\/(api\/v1|r0|unstable)\//.test(path) && !path.endsWith("/login/get_token");

describeWith("synapse", "redis")("a homeserver with workers", () => {
  let postgres: PostgresServer;
  let redis: Redis;
  let cluster: SynapseCluster;

  beforeAll(async () => {
    [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
    cluster = await startCluster(postgres, redis, {
      ...{ sync: 2, client: 1, events: 1, streams: 1, media: 1, background: 1 },
    });
  }, 240_000);
  afterAll(async () => {
    await cluster?.stop();
    await redis?.stop();
    await postgres?.stop();
  });

  const newAccount = async (username = `u-${randomUUID()}`, admin = false): Promise<Account> =>
    account(
      await register(
        cluster.process("main").url,
        cluster.deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET,
        { username, password: randomUUID() + randomUUID(), admin },
      ),
    );
  const ask = (who: Account, method: string, path: string, body?: unknown): Promise<Reply> =>
    matrix(cluster.alb.url, method, path, { token: who.accessToken, body });
  /** The reply, and which processes answered meanwhile. */
  async function answeredBy<T>(asked: Promise<T>): Promise<[T, string[]]> {
    const before = cluster.alb.answered.length;
    const reply = await asked;
    return [reply, cluster.alb.answered.slice(before).map((line) => line.split(" ")[0] ?? "")];
  }

  /** Syncs until `seen` finds in a reply what it looks for. */
  async function syncUntil<T>(
    who: Account,
    since: string,
    seen: (body: Record<string, unknown>) => T | undefined,
    url = cluster.alb.url,
  ) {
    const deadline = performance.now() + 20_000;
    let from = since;
    while (performance.now() < deadline) {
      const path = `${clients}/sync?timeout=2000&since=${from}`;
      const { body } = await matrix(url, "GET", path, { token: who.accessToken });
      const found = seen(body);
      if (found !== undefined) return found;
      from = z.string().parse(body["next_batch"]);
    }
    throw new Error("nothing came by /sync in 20 s");
  }
  const now = async (who: Account) =>
    z.string().parse((await ask(who, "GET", `${clients}/sync`)).body["next_batch"]);
  const event = z.looseObject({ type: z.string(), event_id: z.string().optional(), content: z.unknown() });
  const eventsIn = (room: string, part: "timeline" | "ephemeral") => (body: Record<string, unknown>) =>
    z
      .object({
        rooms: z
          .object({ join: z.record(z.string(), z.record(z.string(), z.unknown())).default({}) })
          .default({ join: {} }),
      })
      .parse(body).rooms.join[room]?.[part] as { events?: unknown[] } | undefined;
  const timelineHas = (room: string, id: unknown) => (body: Record<string, unknown>) =>
    z
      .array(event)
      .parse(eventsIn(room, "timeline")(body)?.events ?? [])
      .find(({ event_id }) => event_id === id);
  const ephemeralHas = (room: string, type: string) => (body: Record<string, unknown>) =>
    z
      .array(event)
      .parse(eventsIn(room, "ephemeral")(body)?.events ?? [])
      .find((one) => one.type === type);

  // A room of two. A test looks only for what it sent or wrote there itself.
  let alice: Account;
  let bob: Account;
  let room: string;
  let path: string;
  beforeAll(async () => {
    [alice, bob] = [await newAccount(), await newAccount(`findme-${randomUUID()}`)];
    room = await createRoom(cluster.alb.url, alice, { preset: "public_chat" });
    path = `${clients}/rooms/${encodeURIComponent(room)}`;
    expect((await ask(bob, "POST", `${path}/join`, {})).status).toBe(200);
  });

  it("consists of processes that are all healthy", async () => {
    expect(cluster.names).toEqual([
      ...["main", "sync-1", "sync-2", "client-1", "events-1", "streams-1", "media-1", "background-1"],
    ]);
    for (const name of cluster.names)
      expect([name, (await fetch(`${cluster.process(name).url}/health`)).status]).toEqual([name, 200]);
  });

  it("answers a worker's paths by that worker, with the methods of the main process", async () => {
    for (const [kind, paths] of Object.entries(workerEndpoints)) {
      const worker = cluster.process(`${kind}-1`).url;
      for (const path of paths.filter(inUse)) {
        const own = await methodsOf(`${worker}${path}`);
        withMessage(`${kind} ${path}`, () => expect(own).not.toEqual([]));
        // The main process gave its media away.
        if (kind !== "media")
          expect([path, own]).toEqual([path, await methodsOf(`${cluster.process("main").url}${path}`)]);
      }
    }
  }, 60_000);

  it("answers the main process's paths by the main process", async () => {
    for (const path of mainEndpoints.client.filter(inUse)) {
      const methods = await methodsOf(`${cluster.process("main").url}${path}`);
      withMessage(path, () => expect(methods).not.toEqual([]));
    }
  });

  it("lets a user join, send and receive: each request answered by its worker", async () => {
    const since = await now(bob);
    const waiting = answeredBy(
      syncUntil(
        bob,
        since,
        (body) => z.array(event).parse(eventsIn(room, "timeline")(body)?.events ?? [])[0],
      ),
    );
    const [sent, sender] = await answeredBy(send(cluster.alb.url, alice, room, "hello"));
    expect(sent.status).toBe(200);
    expect(sender).toContain("events-1");
    const [message, syncers] = await waiting;
    expect(message).toMatchObject({ event_id: sent.body["event_id"], content: { body: "hello" } });
    expect(new Set(syncers.filter((name) => name.startsWith("sync-"))).size).toBeGreaterThan(0);

    const [read, reader] = await answeredBy(
      ask(bob, "GET", `${path}/event/${encodeURIComponent(String(sent.body["event_id"]))}`),
    );
    expect(read.body["content"]).toMatchObject({ body: "hello" });
    expect(reader).toEqual(["client-1"]);
    const [page, pager] = await answeredBy(ask(bob, "GET", `${path}/messages?dir=b&limit=1`));
    expect(page.body["chunk"]).toMatchObject([{ event_id: sent.body["event_id"] }]);
    expect(pager).toEqual(["streams-1"]);
  }, 30_000);

  it("gives the same answer from both workers of a kind", async () => {
    const since = await now(bob);
    const { body } = await send(cluster.alb.url, alice, room, "to both");
    for (const name of ["sync-1", "sync-2"]) {
      const seen = syncUntil(bob, since, timelineHas(room, body["event_id"]), cluster.process(name).url);
      expect([name, await seen]).toMatchObject([name, { content: { body: "to both" } }]);
    }
  });

  it("shows who types and who has read, and stores account data", async () => {
    const { body } = await send(cluster.alb.url, alice, room, "read this");
    const since = await now(alice);
    const [replies, who] = await answeredBy(
      Promise.all([
        ask(bob, "PUT", `${path}/typing/${encodeURIComponent(bob.userId)}`, {
          typing: true,
          timeout: 30_000,
        }),
        ask(bob, "POST", `${path}/receipt/m.read/${encodeURIComponent(String(body["event_id"]))}`, {}),
        ask(bob, "PUT", `${clients}/user/${encodeURIComponent(bob.userId)}/account_data/app.theme`, {
          dark: true,
        }),
      ]),
    );
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(who)).toEqual(new Set(["streams-1"]));
    expect(await syncUntil(alice, since, ephemeralHas(room, "m.typing"))).toMatchObject({
      content: { user_ids: [bob.userId] },
    });
    expect(await syncUntil(alice, since, ephemeralHas(room, "m.receipt"))).toMatchObject({
      content: { [String(body["event_id"])]: { "m.read": { [bob.userId]: expect.anything() } } },
    });
    const kept = await ask(
      bob,
      "GET",
      `${clients}/user/${encodeURIComponent(bob.userId)}/account_data/app.theme`,
    );
    expect(kept.body).toEqual({ dark: true });
  }, 30_000);

  it("stores files of any size and returns them unchanged, through the media worker", async () => {
    const user = await newAccount();
    // More than 100 KB are spooled to a temporary file.
    const file = Buffer.alloc(3_000_000, "phenom ");
    const [uploaded, who] = await answeredBy(
      fetch(`${cluster.alb.url}/_matrix/media/v3/upload`, {
        method: "POST",
        headers: { authorization: `Bearer ${user.accessToken}`, "content-type": "application/octet-stream" },
        body: file,
      }),
    );
    expect(who).toEqual(["media-1"]);
    const { content_uri } = z.object({ content_uri: z.string() }).parse(await uploaded.json());
    const download = await fetch(
      `${cluster.alb.url}/_matrix/client/v1/media/download/${content_uri.replace("mxc://", "")}`,
      { headers: { authorization: `Bearer ${user.accessToken}` } },
    );
    expect(Buffer.from(await download.arrayBuffer()).equals(file)).toBe(true);
  });

  it("lets an administrator quarantine a file, which the media worker then refuses to serve", async () => {
    const user = await newAccount();
    const admin = await newAccount(`phenom-${randomUUID()}`, true);
    const uploaded = await fetch(`${cluster.alb.url}/_matrix/media/v3/upload`, {
      method: "POST",
      headers: { authorization: `Bearer ${user.accessToken}`, "content-type": "text/plain" },
      body: "bad",
    });
    const { content_uri } = z.object({ content_uri: z.string() }).parse(await uploaded.json());
    const id = content_uri.replace("mxc://", "");
    // The load balancer asks administrators to sign in; behind it is this.
    const { status, body } = await matrix(
      cluster.process("media-1").url,
      "POST",
      `/_synapse/admin/v1/media/quarantine/${id}`,
      { token: admin.accessToken, body: {} },
    );
    expect([status, body]).toEqual([200, {}]);
    const download = await fetch(`${cluster.alb.url}/_matrix/client/v1/media/download/${id}`, {
      headers: { authorization: `Bearer ${user.accessToken}` },
    });
    expect(download.status).toBe(404);
  });

  it("answers no admin request whose path bypasses the load balancer's sign-in", async () => {
    const admin = await newAccount(`phenom-${randomUUID()}`, true);
    const through = ["/_matrix/media/v3", "/_matrix/client/v1/media", "/_matrix/client/v3/rooms/x/event"];
    const detours = through.map(
      (path) => `${path}${"/..".repeat(path.split("/").length - 1)}/_synapse/admin/v1/users/x/media`,
    );
    for (const path of [...otherSpellings, ...detours])
      expect([path, await statusOf(cluster.alb.url, path, admin)]).toEqual([path, 404]);
  });

  it("delivers a message that the main process received, as from the MCP server", async () => {
    const since = await now(bob);
    const { body } = await send(cluster.process("main").url, alice, room, "from inside");
    expect(await syncUntil(bob, since, timelineHas(room, body["event_id"]))).toBeDefined();
  }, 30_000);

  it("finds people in the directory, which the background worker writes", async () => {
    await eventually(
      async () => {
        const { body } = await ask(alice, "POST", `${clients}/user_directory/search`, {
          search_term: "findme",
        });
        expect(z.array(z.object({ user_id: z.string() })).parse(body["results"])).toEqual([
          expect.objectContaining({ user_id: bob.userId }),
        ]);
      },
      { timeout: 20_000, interval: 200 },
    );
  }, 30_000);

  it("enforces an account's message limit, however many processes there are", async () => {
    const [sender, admin] = [await newAccount(), await newAccount(`phenom-${randomUUID()}`, true)];
    const limit = `/_synapse/admin/v1/users/${encodeURIComponent(sender.userId)}/override_ratelimit`;
    // The deployed limit is more than a busy machine stores in a second.
    await matrix(cluster.process("main").url, "POST", limit, {
      token: admin.accessToken,
      body: { messages_per_second: 1, burst_count: 10 },
    });
    const own = await createRoom(cluster.alb.url, sender);
    const burst = async (n: number) =>
      (
        await Promise.all(Array.from({ length: n }, (_, i) => send(cluster.alb.url, sender, own, `${i}`)))
      ).filter(({ status }) => status !== 200);
    expect(await burst(10)).toEqual([]);
    const refused = await burst(20);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status } of refused) expect(status).toBe(429);
  }, 30_000);

  it("goes on syncing and sending while the main process is replaced, and loses nothing", async () => {
    const since = await now(bob);
    expect(await cluster.process("main").stop()).toBe(0);
    const { status, body } = await send(cluster.alb.url, alice, room, "without main");
    expect(status).toBe(200);
    expect(await syncUntil(bob, since, timelineHas(room, body["event_id"]))).toBeDefined();
    await cluster.restart("main");
    const after = await send(cluster.process("main").url, alice, room, "with main again");
    expect(await syncUntil(bob, since, timelineHas(room, after.body["event_id"]))).toBeDefined();
  }, 60_000);

  it("delays messages while Redis is down, and loses nothing", async () => {
    const since = await now(bob);
    const sending: Promise<Reply>[] = [];
    await redis.interrupt(async () => {
      const [before, event] = [cluster.alb.answered.length, "events-1 PUT"];
      sending.push(send(cluster.alb.url, alice, room, "without Redis"));
      await eventually(() =>
        expect(cluster.alb.answered.slice(before).some((line) => line.startsWith(event))).toBe(true),
      );
    });
    const [reply] = await Promise.all(sending);
    expect(reply?.status).toBe(200);
    expect(await syncUntil(bob, since, timelineHas(room, reply?.body["event_id"]))).toBeDefined();
  }, 90_000);

  it("accepts messages again once a replaced event worker is back under its name", async () => {
    const since = await now(bob);
    await cluster.process("events-1").stop();
    expect((await send(cluster.alb.url, alice, room, "nobody there")).status).toBe(502);
    await cluster.restart("events-1");
    const { status, body } = await send(cluster.alb.url, alice, room, "back");
    expect(status).toBe(200);
    expect(await syncUntil(bob, since, timelineHas(room, body["event_id"]))).toBeDefined();
  }, 60_000);
});

/** The path byte by byte, which `fetch` would put in order first. */
const statusOf = (url: string, path: string, { accessToken }: Account) =>
  new Promise<number | undefined>((done, reject) => {
    const { hostname, port } = new URL(url);
    request({ hostname, port, path, headers: { authorization: `Bearer ${accessToken}` } }, (response) => {
      response.resume();
      done(response.statusCode);
    })
      .once("error", reject)
      .end();
  });

/** The methods that a process answers at an address, be it with a refusal. */
async function methodsOf(url: string): Promise<string[]> {
  const methods = ["GET", "POST", "PUT", "DELETE"];
  const known = await Promise.all(
    methods.map(async (method) => {
      const response = await fetch(url, { method, redirect: "manual" });
      const text = await response.text();
      return !text.includes("M_UNRECOGNIZED") && !(response.status === 404 && !text.startsWith("{"));
    }),
  );
  return methods.filter((_, i) => known[i]);
}
