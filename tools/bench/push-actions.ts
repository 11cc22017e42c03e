// A message in Community on Synapse: by Matrix's push rules, and by the image's default for rooms that everybody joins, which
// notifies of mentions only. The members are rows of local_current_membership, from which Synapse takes whom to notify;
// nobody of them syncs.
import { randomBytes, randomUUID } from "node:crypto";
import { Client } from "pg";
import * as z from "zod";
import { LOGIN_PATH, matrixRequest, passwordLogin, path } from "../../shared/matrix.ts";
import { matrixClient } from "../../shared/matrix-client.ts";
import { BOTS, roomAliases } from "../../shared/matrix-names.ts";
import { limits, makeRooms } from "../ab/local/synapse.ts";
import { median } from "../ab/statistics.ts";
import { startPostgres } from "../servers/postgres.ts";
import { stopAll } from "../servers/program.ts";
import { deploySynapse, type Synapse } from "../servers/synapse.ts";
import { type Figure, type Run, timed } from "./benchmark.ts";

export const name = "push-actions";
export const description = "a message in a room of 643 and of 10,000 members on Synapse, by push rules";

/** Few members, as a measurement had that others quote, and as many as a community may have. */
const CROWDS = [643, 10_000];

const tokenSchema = z.object({ access_token: z.string() });
const sizeSchema = z.tuple([z.object({ rows: z.coerce.number(), bytes: z.coerce.number() })]);

const unlimited = (config: object) => ({ ...config, ...limits });
/** Settings of the homeserver, by what they show. */
const configs = {
  mentions: unlimited,
  /** The default is for rooms that everybody joins. */
  everything: (config: object) => ({ ...unlimited(config), auto_join_rooms: [] }),
  /** Synapse keeps the push rules of 5000 people, times its global factor of 0.5, unless the factor of this cache is set. */
  uncached: (config: object) => ({ ...configs.everything(config), caches: {} }),
};

/** What a message costs. */
interface Cost {
  /** Milliseconds until it is answered, the median. */
  readonly time: number;
  /** Rows and bytes of event_push_actions. */
  readonly rows: number;
  readonly bytes: number;
}

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const messages = quick ? 3 : 30;
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const postgres = await startPostgres({ large: true });
    stops.push(postgres.stop);
    const deployment = await deploySynapse(postgres);
    stops.push(deployment.remove);
    let synapse: Synapse | undefined = await deployment.start({ config: unlimited });
    stops.push(async () => synapse?.stop());
    const bot = { username: BOTS.mcp, password: randomBytes(20).toString("hex") };
    const secret = deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET;
    const [room = ""] = await makeRooms(synapse.url, secret, bot, { rooms: 1, people: 2 });
    const { community } = roomAliases(deployment.serverName);
    await matrixClient(synapse.url, await signIn(synapse.url, bot)).send(
      "PUT",
      path`/_matrix/client/v3/directory/room/${community}`,
      { room_id: room },
    );
    const database = await homeserverDatabase(postgres);
    stops.push(() => database.end());

    const size = async () => {
      const { rows } = await database.query(
        "select count(*) as rows, pg_total_relation_size('event_push_actions') as bytes from event_push_actions",
      );
      return sizeSchema.parse(rows)[0];
    };
    const costOf = async (name: keyof typeof configs, members: number): Promise<Cost> => {
      progress(`${messages} messages to ${members} members: ${name}`);
      await synapse?.stop();
      synapse = await deployment.start({ config: configs[name] });
      const { url } = synapse;
      const token = await signIn(url, bot);
      const send = async () => {
        const { status, text } = await matrixRequest(
          url,
          {
            method: "PUT",
            path: path`/_matrix/client/v3/rooms/${room}/send/m.room.message/${randomUUID()}`,
            body: { msgtype: "m.text", body: "About as long as people write messages in a chat." },
          },
          { token },
        );
        if (status !== 200) throw new Error(`a message was answered with ${status} ${text}`);
      };
      // The first one reads everybody's rules.
      await send();
      const before = await size();
      const times: number[] = [];
      for (let n = 0; n < messages; n++) times.push(await timed(send));
      const after = await size();
      return {
        time: median(times),
        rows: (after.rows - before.rows) / messages,
        bytes: (after.bytes - before.bytes) / messages,
      };
    };

    const small = await costOf("everything", SMALL);
    const figures: Figure[] = [];
    for (const members of CROWDS) {
      await fill(database, room, deployment.serverName, members - SMALL);
      const everything = await costOf("everything", members);
      figures.push(...figuresOf(members, small, everything, await costOf("mentions", members)));
    }
    const largest = Math.max(...CROWDS);
    const uncached = await costOf("uncached", largest);
    return [
      ...figures,
      {
        label: `message to ${largest} members by Matrix's push rules, with Synapse's own size of the cache of push rules`,
        measured: uncached.time,
        unit: "ms",
        baseline: { label: `in a room of ${SMALL}`, measured: small.time },
      },
    ];
  } finally {
    await stopAll(stops);
  }
}

/** Members whom the room has from the start: two people, the MCP server's account and the administrator. */
const SMALL = 4;

const figuresOf = (members: number, small: Cost, everything: Cost, mentions: Cost): Figure[] => {
  const baseline = { label: `in a room of ${SMALL}`, measured: small.time };
  return [
    {
      label: `message to ${members} members, by Matrix's push rules`,
      measured: everything.time,
      unit: "ms",
      baseline,
    },
    {
      label: `message to ${members} members, notified of mentions only`,
      measured: mentions.time,
      unit: "ms",
      baseline,
    },
    {
      label: `rows of event_push_actions a message to ${members} members, notified of mentions only`,
      measured: mentions.rows,
      unit: "rows",
      baseline: { label: "by Matrix's push rules", measured: everything.rows },
    },
    {
      label: `storage of event_push_actions a message to ${members} members, by Matrix's push rules`,
      measured: everything.bytes / 1000,
      unit: "kB",
    },
  ];
};

async function signIn(url: string, bot: Parameters<typeof passwordLogin>[0]): Promise<string> {
  const { body } = await matrixRequest(url, { method: "POST", path: LOGIN_PATH, body: passwordLogin(bot) });
  return tokenSchema.parse(body).access_token;
}

/** Makes so many people members, beside those who have an account. */
async function fill(database: Client, room: string, serverName: string, people: number): Promise<void> {
  await database.query(
    `insert into local_current_membership (room_id, user_id, event_id, membership)
     select $1, '@crowd-' || n || ':' || $2, '$crowd-' || n, 'join' from generate_series(1, $3::int) n
         on conflict do nothing`,
    [room, serverName, people],
  );
  await database.query("analyze local_current_membership");
}

/** The homeserver's database, which is the only one of its server that has its tables. */
async function homeserverDatabase(postgres: Awaited<ReturnType<typeof startPostgres>>): Promise<Client> {
  const any = await postgres.createDatabase();
  const lookUp = new Client(postgres.asSuperuser(any));
  await lookUp.connect();
  const { rows } = await lookUp.query("select datname from pg_database where datname like 'synapse\\_%'");
  await lookUp.end();
  const [{ datname }] = z.tuple([z.object({ datname: z.string() })]).parse(rows);
  const client = new Client({ ...postgres.asSuperuser(any), database: datname });
  client.on("error", () => {});
  await client.connect();
  return client;
}
