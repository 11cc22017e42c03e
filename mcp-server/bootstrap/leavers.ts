import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import { IDENTITY_PROVIDER, RESERVED_PREFIX } from "../../shared/matrix-names.ts";
import type { MatrixClient } from "./matrix.ts";
import { memberships, type Room, unlessRefused } from "./members.ts";
import type { Report } from "./report.ts";
import type { Bots } from "./room-setup.ts";

const account = z.object({
  admin: z.union([z.boolean(), z.number()]).transform(Boolean),
  external_ids: z.array(z.object({ auth_provider: z.string(), external_id: z.string() })).default([]),
});

/** A Cognito `sub`: the local part of users whose first sign-in used a Cognito token. */
const SUB = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * Removes Cognito users from a room if they do not belong there. It does not ban, so a user who returns to the group is
 * joined again. Our own accounts, server administrators and accounts without a known Cognito user stay.
 *
 * @param belonging Matrix ids of the group's users who may sign in
 */
export async function removeLeavers(
  admin: MatrixClient,
  room: Room,
  group: string,
  belonging: ReadonlySet<string>,
  { bots, serverName }: { bots: Bots; serverName: string },
  report: Report,
): Promise<void> {
  const present = [...(await memberships(admin, room))].filter(
    ([user, membership]) => (membership === "join" || membership === "invite") && !belonging.has(user),
  );
  for (const [user] of present) {
    if (user === bots.admin || user === bots.mcp || user.startsWith(`@${RESERVED_PREFIX}`)) continue;
    const why = await reasonToStay(admin, user, serverName);
    if (why === undefined) await kick(admin, room, user, group, report);
    else report.skipped(`${room.alias}: ${user} is not in group ${group} and stays: ${why}`);
  }
}

async function reasonToStay(
  admin: MatrixClient,
  user: string,
  serverName: string,
): Promise<string | undefined> {
  const [localpart = "", ...server] = user.slice(1).split(":");
  if (server.join(":") !== serverName) return "another homeserver's";
  const found = await admin.find(path`/_synapse/admin/v2/users/${user}`, account);
  if (found?.admin) return "a server administrator";
  const fromCognito = found?.external_ids.some(({ auth_provider }) => auth_provider === IDENTITY_PROVIDER);
  const byToken = found?.external_ids.length === 0 && SUB.test(localpart);
  return fromCognito || byToken ? undefined : "no Cognito user is known for this account";
}

/** Removes a user. A refusal, such as for another owner of the room, does not stop the run. */
const kick = (admin: MatrixClient, room: Room, user: string, group: string, report: Report) =>
  unlessRefused(
    async () => {
      await admin.send("POST", path`/_matrix/client/v3/rooms/${room.id}/kick`, {
        user_id: user,
        reason: `Not in the group ${group}`,
      });
      report.changed(`${room.alias}: ${user} removed, not in group ${group}`);
    },
    (reason) => report.skipped(`${room.alias}: ${user} cannot be removed: ${reason}`),
  );
