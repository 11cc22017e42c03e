import * as z from "zod";
import { roomAliases } from "../../../shared/matrix-names.ts";
import { type Check, failed, finding, passed, request } from "./check.ts";

const room = z.object({ room_id: z.string() });

/** Where Synapse says without sign-in whether the room exists that everyone joins. */
const address = (homeserver: string, serverName: string) =>
  `${homeserver}/_matrix/client/v3/directory/room/${encodeURIComponent(roomAliases(serverName).community)}`;

/** Bootstrap has created Synapse's rooms. */
export const rooms: Check = {
  name: "rooms",
  transient: false,
  async run({ context, outputs: { urls } }) {
    const { environment, serverName } = context.environment;
    if (!urls.homeserver) return [];
    const what = `room ${roomAliases(serverName).community}`;
    const url = address(urls.homeserver, serverName);
    return [
      await finding(what, `npm run ops -- verify ${environment} --only endpoints`, async () => {
        const { status, json } = await request(url);
        const found = room.safeParse(json).data;
        return found
          ? passed(what, found.room_id)
          : failed(what, `HTTP ${status}`, `npm run ops -- bootstrap ${environment} creates it`);
      }),
    ];
  },
};

/** Whether Synapse says that the rooms are missing; false where it does not answer. */
export async function roomsMissing(homeserver: string, serverName: string): Promise<boolean> {
  return request(address(homeserver, serverName)).then(
    ({ status }) => status === 404,
    () => false,
  );
}
