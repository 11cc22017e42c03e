// A message in a room of 10,000 members on Synapse: by the push rules that everybody has, and with a rule of each member for
// the room that notifies of mentions only. The members are rows of local_current_membership, from which Synapse takes whom
// to notify; nobody of them syncs.
import { randomBytes, randomUUID } from "node:crypto";
import { Client } from "pg";
import * as z from "zod";
import { LOGIN_PATH, matrixRequest, passwordLogin, path } from "../../shared/matrix.ts";
import { BOTS } from "../../shared/matrix-names.ts";
import { limits, makeRooms } from "../ab/local/synapse.ts";
import { median } from "../ab/statistics.ts";
import { startPostgres } from "../servers/postgres.ts";
import { stopAll } from "../servers/program.ts";
import { deploySynapse, type Synapse } from "../servers/synapse.ts";
import { type Figure, type Run, timed } from "./benchmark.ts";

export const name = "push-actions";
export const description = "a message in a room of 10,000 members on Synapse, by push rules";

const tokenSchema = z.object({ access_token: z.string() });
const sizeSchema = z.tuple([z.object({ rows: z.coerce.number(), bytes: z.coerce.number() })]);
/** Synapse keeps the push rules of 5000 people, times its global factor of 0.5, unless the factor of this cache is set. */
const withoutCache = (config: object) => ({ ...config, ...limits, caches: {} });
const deployed = (config: object) => ({ ...config, ...limits });

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const members = quick ? 1000 : 10_000;
  const messages = quick ? 5 : 30;
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const postgres = await startPostgres();
    stops.push(postgres.stop);
    const deployment = await deploySynapse(postgres);
    stops.push(deployment.remove);
    let synapse: Synapse | undefined = await deployment.start({ config: deployed });
    stops.push(async () => synapse?.stop());
    const bot = { username: BOTS.mcp, password: randomBytes(20).toString("hex") };
    const secret = deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET;
    const [room = ""] = await makeRooms(synapse.url, secret, bot, { rooms: 1, people: 2 });

    const database = await homeserverDatabase(postgres);
    stops.push(() => database.end());

    const size = async () => {
      const { rows } = await database.query(
        "select count(*) as rows, pg_total_relation_size('event_push_actions') as bytes from event_push_actions",
      );
      return sizeSchema.parse(rows)[0];
    };
    /** Median time of a message, and the rows and bytes that each adds. */
    const round = async (config: (known: object) => unknown) => {
      await synapse?.stop();
      synapse = await deployment.start({ config });
      const { url } = synapse;
      const login = await matrixRequest(url, { method: "POST", path: LOGIN_PATH, body: passwordLogin(bot) });
      const { access_token: token } = tokenSchema.parse(login.body);
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
      for (let n = 0; n < 3; n++) await send();
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

    progress(`${messages} messages in a room of 4`);
    const small = await round(deployed);
    await database.query(
      `insert into local_current_membership (room_id, user_id, event_id, membership)
       select $1, '@crowd-' || n || ':' || $2, '$crowd-' || n, 'join' from generate_series(1, $3::int) n`,
      [room, deployment.serverName, members],
    );
    await database.query("analyze local_current_membership");
    progress(
      `${messages} messages in a room of ${members}, with Synapse's own size of the cache of push rules`,
    );
    const uncached = await round(withoutCache);
    progress(`${messages} messages in a room of ${members}`);
    const crowd = await round(deployed);
    await database.query(
      `insert into push_rules (id, user_name, rule_id, priority_class, priority, conditions, actions)
       select 1000 + n, '@crowd-' || n || ':' || $2, 'global/room/' || $1, 3, 0,
              jsonb_build_array(jsonb_build_object('kind', 'event_match', 'key', 'room_id', 'pattern', $1))::text, '[]'
         from generate_series(1, $3::int) n`,
      [room, deployment.serverName, members],
    );
    await database.query("analyze push_rules");
    progress(`${messages} messages in a room of ${members} who are notified of mentions only`);
    const mentions = await round(deployed);

    const baseline = { label: "in a room of 4", measured: small.time };
    return [
      {
        label: `message to ${members} members, default push rules`,
        measured: crowd.time,
        unit: "ms",
        baseline,
      },
      {
        label: `the same, with Synapse's own size of the cache of push rules`,
        measured: uncached.time,
        unit: "ms",
        baseline,
      },
      { label: `the same, notified of mentions only`, measured: mentions.time, unit: "ms", baseline },
      {
        label: "rows of event_push_actions a message, mentions only",
        measured: mentions.rows,
        unit: "rows",
        baseline: { label: "default push rules", measured: crowd.rows },
      },
      {
        label: "storage of event_push_actions a message, default push rules",
        measured: crowd.bytes / 1000,
        unit: "kB",
      },
    ];
  } finally {
    await stopAll(stops);
  }
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
