// A tool on Synapse against the one Matrix request that does its work, in turn on one connection each.
import { randomBytes, randomUUID } from "node:crypto";
import * as z from "zod";
import { LOGIN_PATH, matrixRequest, passwordLogin, path } from "../../shared/matrix.ts";
import { BOTS } from "../../shared/matrix-names.ts";
import { limits, makeRooms } from "../ab/local/synapse.ts";
import { mcpClient } from "../ab/mcp-client.ts";
import { median } from "../ab/statistics.ts";
import { startMcpServer } from "../servers/mcp-server.ts";
import { startPostgres } from "../servers/postgres.ts";
import { stopAll } from "../servers/program.ts";
import { deploySynapse, exampleProps, type Synapse } from "../servers/synapse.ts";
import { alternate, type Figure, type Run, timed } from "./benchmark.ts";

export const name = "mcp-synapse";
export const description = "sending and reading on Synapse, against the bare Matrix request for the same";

const PAGE = 50;

export async function measure({ quick, progress }: Run): Promise<Figure[]> {
  const stops: (() => Promise<unknown>)[] = [];
  try {
    const postgres = await startPostgres();
    stops.push(postgres.stop);
    const deployment = await deploySynapse(postgres);
    stops.push(deployment.remove);
    const synapse = await deployment.start({ config: (known) => ({ ...known, ...limits }) });
    stops.push(synapse.stop);
    const bot = { username: BOTS.mcp, password: randomBytes(20).toString("hex") };
    const secret = deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET;
    const [room_id = ""] = await makeRooms(synapse.url, secret, bot, { rooms: 1, people: 5 });
    const server = await startMcpServer(1, {
      BACKEND_TYPE: "synapse",
      SYNAPSE_URL: synapse.url,
      SYNAPSE_SERVER_NAME: exampleProps.serverName,
      SYNAPSE_BOT_USERNAME: bot.username,
      SYNAPSE_BOT_PASSWORD: bot.password,
      CONTENT_URL_TEMPLATE: exampleProps.contentUrlTemplate,
    });
    stops.push(server.stop);

    const client = mcpClient(new URL(server.ready.url), server.ready.tokens);
    const tool = async (name: string, args: object) => {
      const answer = await client.call(0, name, { room_id, ...args });
      if (!answer.ok) throw new Error(`${name}: ${answer.error}: ${answer.message}`);
    };
    const login = await matrixRequest(synapse.url, {
      method: "POST",
      path: LOGIN_PATH,
      body: passwordLogin(bot),
    });
    const { access_token: token } = z.object({ access_token: z.string() }).parse(login.body);
    const bare = async (method: string, path: string, body?: unknown) => {
      const { status, text } = await matrixRequest(synapse.url, { method, path, body }, { token });
      if (status !== 200) throw new Error(`${method} ${path}: ${status} ${text}`);
    };
    const content = { msgtype: "m.text", body: "About as long as people write messages in a chat." };
    const put = () =>
      bare("PUT", path`/_matrix/client/v3/rooms/${room_id}/send/m.room.message/${randomUUID()}`, content);
    const filter = JSON.stringify({ types: ["m.room.message", "m.room.encrypted"], lazy_load_members: true });
    const get = () =>
      bare(
        "GET",
        `${path`/_matrix/client/v3/rooms/${room_id}/messages`}?dir=b&limit=${PAGE + 1}&filter=${encodeURIComponent(filter)}`,
      );

    const compare = async (
      label: string,
      call: () => Promise<void>,
      request: () => Promise<void>,
      of: string,
    ) => {
      const rounds = quick ? 20 : 300;
      progress(`${rounds} times ${label}, and ${of}`);
      const one = { tool: () => timed(call), bare: () => timed(request) };
      await alternate(one, 20);
      const before = requests(synapse);
      const times = await alternate(one, rounds);
      const each = (requests(synapse) - before) / rounds - 1;
      return {
        label: `${label}, ${each.toFixed(1)} requests a call`,
        measured: median(times.tool),
        unit: "ms",
        baseline: { label: of, measured: median(times.bare) },
        target: { atMost: 1.5 },
      } satisfies Figure;
    };
    const send = () => tool("chat_send_message", { content: content.body });
    const figures = [await compare("chat_send_message", send, put, "bare PUT")];
    const read = () => tool("chat_get_messages", { limit: PAGE });
    figures.push(await compare(`chat_get_messages, page of ${PAGE}`, read, get, "bare GET of /messages"));
    client.close();
    return figures;
  } finally {
    await stopAll(stops);
  }
}

/** Requests that the homeserver has logged: a line each. */
const requests = (synapse: Synapse) =>
  synapse
    .output()
    .split("\n")
    .filter((line) => line.startsWith("request ")).length;
