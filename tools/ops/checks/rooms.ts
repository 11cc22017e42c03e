import * as z from "zod";
import { roomAliases } from "../../../shared/matrix-names.ts";
import { ask, type Check, failed, finding, passed } from "./check.ts";

const room = z.object({ room_id: z.string() });

/** Where Synapse tells, without signing in, whether the room is there that everyone joins. */
const address = (homeserver: string, serverName: string) =>
  `${homeserver}/_matrix/client/v3/directory/room/${encodeURIComponent(roomAliases(serverName).community)}`;

/** Bootstrap has made Synapse's rooms. */
export const rooms: Check = {
  name: "rooms",
  transient: false,
  async look({ context, outputs: { urls } }) {
    const { environment, serverName } = context.environment;
    if (!urls.homeserver) return [];
    const what = `room ${roomAliases(serverName).community}`;
    const url = address(urls.homeserver, serverName);
    return [
      await finding(what, `npm run ops -- verify ${environment} --only endpoints`, async () => {
        const { status, json } = await ask(url);
        const found = room.safeParse(json).data;
        return found
          ? passed(what, found.room_id)
          : failed(what, `HTTP ${status}`, `npm run ops -- bootstrap ${environment} makes it`);
      }),
    ];
  },
};

/** Whether Synapse says that the rooms are missing; no answer is no such word. */
export async function roomsMissing(homeserver: string, serverName: string): Promise<boolean> {
  return ask(address(homeserver, serverName)).then(
    ({ status }) => status === 404,
    () => false,
  );
}
