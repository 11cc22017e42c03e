import { randomBytes } from "node:crypto";
import * as z from "zod";
import { ensureBot, signInAdmin } from "../../../mcp-server/bootstrap/accounts.ts";
import { powerLevels } from "../../../mcp-server/bootstrap/rooms.ts";
import { type MatrixClient, matrixClient } from "../../../shared/matrix-client.ts";
import { BOTS, userId } from "../../../shared/matrix-names.ts";
import { join } from "../../../shared/room-members.ts";
import { startMcpServer } from "../../servers/mcp-server.ts";
import { stopAll } from "../../servers/program.ts";
import { deploySynapse, exampleProps } from "../../servers/synapse.ts";
import { exampleCognito, mobileClientId } from "../../servers/synapse-user-pool.ts";
import type { Side, Target } from "../side.ts";
import { callers, type Workload } from "../workload.ts";
import { roomName } from "../world.ts";
import { observer, startObservedDatabase, watch } from "./database.ts";
import { liveOnSynapse } from "./live-synapse.ts";

/** One account sends all messages in place of many people who each have a quota. */
const often = { per_second: 1_000_000, burst_count: 1_000_000 };
export const limits = {
  rc_message: often,
  rc_joins: { local: often, remote: often },
  rc_joins_per_room: often,
};

/** The MCP server on a homeserver with the deployed configuration. */
export const localSynapse: Side = {
  key: "A",
  name: "Matrix (Synapse)",
  ran: "the MCP server on backend synapse, over a real Synapse (one process, the deployed configuration) and PostgreSQL 17",
  standIns: [
    "Synapse's limit of 10 messages per second and account (bursts of 30) was removed: in the app everyone has their own quota, here one account sends for all. When deployed, the agent's account has that limit.",
    "Federation was off, and no media were used. Waiting apps were real clients of /sync, in a process of this machine; they signed in with ID tokens that a test key signed.",
  ],
  async start(workload): Promise<Target> {
    const stops: (() => Promise<unknown>)[] = [];
    try {
      const database = await startObservedDatabase();
      stops.push(database.stop);
      const cognito = exampleCognito();
      const deployment = await deploySynapse(database.server, {
        jwt: { keys: cognito.jwks, audiences: [mobileClientId] },
      });
      stops.push(deployment.remove);
      const synapse = await deployment.start({ config: (known) => ({ ...known, ...limits }) });
      stops.push(synapse.stop);
      const bot = { username: BOTS.mcp, password: randomBytes(20).toString("hex") };
      const [room = ""] = await makeRooms(
        synapse.url,
        deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET,
        bot,
        workload,
      );
      // With the MCP server's account and the administrator.
      const members = workload.people + 2;
      const server = await startMcpServer(callers(workload), {
        BACKEND_TYPE: "synapse",
        SYNAPSE_URL: synapse.url,
        SYNAPSE_SERVER_NAME: exampleProps.serverName,
        SYNAPSE_BOT_USERNAME: bot.username,
        SYNAPSE_BOT_PASSWORD: bot.password,
        CONTENT_URL_TEMPLATE: exampleProps.contentUrlTemplate,
      });
      stops.push(server.stop);
      const homeserver = {
        part: "synapse" as const,
        pid: synapse.pid,
        logBytes: async () => Buffer.byteLength(synapse.output()),
      };
      return {
        mcp: new URL(server.ready.url),
        tokens: server.ready.tokens,
        observe: observer(database, [watch("mcp", server), homeserver]),
        live: (people) => liveOnSynapse(synapse.url, cognito, { room, members }, people),
        stop: () => stopAll(stops),
      };
    } catch (error) {
      await stopAll(stops);
      throw error;
    }
  },
};

const roomSchema = z.object({ room_id: z.string() });

/** Makes the rooms and their members, among them the MCP server's account. @returns the rooms' ids */
export async function makeRooms(
  url: string,
  sharedSecret: string,
  bot: { username: string; password: string },
  { rooms, people }: Pick<Workload, "rooms" | "people">,
): Promise<string[]> {
  const { serverName } = exampleProps;
  const quiet = { changed: () => {}, unchanged: () => {}, skipped: () => {}, refused: () => {} };
  const anonymous = matrixClient(url);
  const owner = { username: BOTS.admin, password: randomBytes(20).toString("hex") };
  const admin = await signInAdmin(anonymous, sharedSecret, owner, serverName, quiet);
  await ensureBot(anonymous, admin, bot, serverName, quiet);
  const me = userId(bot.username, serverName);
  const ownerId = userId(owner.username, serverName);
  const names = Array.from({ length: people }, (_, n) => userId(`person-${n + 1}`, serverName));
  for (const name of names)
    await admin.send("PUT", `/_synapse/admin/v2/users/${encodeURIComponent(name)}`, {
      displayname: "Person",
    });
  const ids: string[] = [];
  for (let number = 0; number < rooms; number++) {
    const id = await makeRoom(admin, roomName(number), me, ownerId);
    for (const member of [me, ...names]) await join(admin, { id, alias: roomName(number) }, member);
    ids.push(id);
  }
  return ids;
}

async function makeRoom(admin: MatrixClient, name: string, me: string, owner: string): Promise<string> {
  const levels = powerLevels({}, { admin: owner, mcp: me }, new Set([owner]));
  const body = { name, preset: "public_chat", power_level_content_override: levels };
  return (await admin.request("POST", "/_matrix/client/v3/createRoom", roomSchema, body)).room_id;
}
