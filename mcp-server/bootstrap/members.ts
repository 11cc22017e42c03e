import * as z from "zod";
import { MatrixError, path } from "../../shared/matrix.ts";
import { IDENTITY_PROVIDER, userId } from "../../shared/matrix-names.ts";
import type { Group, Person } from "./groups.ts";
import type { MatrixClient } from "./matrix.ts";
import type { Report } from "./report.ts";

export interface Room {
  readonly id: string;
  readonly alias: string;
}

const member = z.object({ state_key: z.string(), content: z.object({ membership: z.string() }) });

/** Everyone's membership by Matrix id: join, invite, leave, ban, knock. */
export async function memberships(admin: MatrixClient, room: Room): Promise<Map<string, string>> {
  const { chunk } = await admin.request(
    "GET",
    path`/_matrix/client/v3/rooms/${room.id}/members`,
    z.object({ chunk: z.array(member) }),
  );
  return new Map(chunk.map(({ state_key, content }) => [state_key, content.membership]));
}

/** Joins a local account, without an invitation. */
export async function join(admin: MatrixClient, room: Room, user: string): Promise<void> {
  await admin.send("POST", path`/_synapse/admin/v1/join/${room.id}`, { user_id: user });
}

/** Joins the MCP server's account, unless it is a member. */
export async function joinBot(admin: MatrixClient, room: Room, bot: string, report: Report): Promise<void> {
  if ((await memberships(admin, room)).get(bot) === "join") return report.unchanged(`${room.alias}: ${bot}`);
  await join(admin, room, bot);
  report.changed(`${room.alias}: ${bot} joined`);
}

/**
 * Joins everyone in a group who has signed in once, except banned users.
 *
 * @returns the Matrix ids of those who belong to the room; undefined if the user pool has no such group
 */
export async function joinGroup(
  admin: MatrixClient,
  room: Room,
  group: Group,
  serverName: string,
  report: Report,
): Promise<ReadonlySet<string> | undefined> {
  if (!group.people) {
    report.skipped(`${room.alias}: the user pool has no group ${group.name}; create it and run this again`);
    return undefined;
  }
  const belonging = new Set<string>();
  const known = await memberships(admin, room);
  let unchanged = 0;
  for (const person of group.people) {
    const why = person.enabled ? undefined : "is disabled in Cognito";
    const user = why ? undefined : await matrixId(admin, person, serverName);
    if (user !== undefined) belonging.add(user);
    const membership = user === undefined ? undefined : known.get(user);
    if (user === undefined)
      report.skipped(`${room.alias}: ${person.sub} ${why ?? "has not signed in yet; joined at a later run"}`);
    else if (membership === "join") unchanged += 1;
    else if (membership === "ban") report.skipped(`${room.alias}: ${user} is banned`);
    else await joinPerson(admin, room, user, report);
  }
  if (unchanged > 0) report.unchanged(`${room.alias}: ${unchanged} of group ${group.name}`);
  return belonging;
}

/** Joins a user. A refusal, such as for a deactivated account, does not stop the run. */
const joinPerson = (admin: MatrixClient, room: Room, user: string, report: Report): Promise<void> =>
  unlessRefused(
    async () => {
      await join(admin, room, user);
      report.changed(`${room.alias}: ${user} joined`);
    },
    (reason) => report.skipped(`${room.alias}: ${user} cannot be joined: ${reason}`),
  );

/** Runs an action on one user and reports why Synapse refuses it, unless Synapse is busy or down. */
export async function unlessRefused(
  act: () => Promise<void>,
  refused: (reason: string) => void,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof MatrixError) || error.status === 0 || error.status >= 429) throw error;
    refused(error.message);
  }
}

const identities = z.object({
  external_ids: z.array(z.object({ auth_provider: z.string(), external_id: z.string() })).default([]),
});

/**
 * The Matrix id of a Cognito user: of the browser's sign-in, which records the `sub`, else of a sign-in with a Cognito
 * ID token, which makes the `sub` the local part and records nothing. An account with that name and another recorded
 * `sub` belongs to somebody else.
 */
async function matrixId(admin: MatrixClient, { sub }: Person, serverName: string) {
  const found = await admin.find(
    path`/_synapse/admin/v1/auth_providers/${IDENTITY_PROVIDER}/users/${sub}`,
    z.object({ user_id: z.string() }),
  );
  if (found) return found.user_id;
  const named = userId(sub, serverName);
  const account = await admin.find(path`/_synapse/admin/v2/users/${named}`, identities);
  return account && account.external_ids.length === 0 ? named : undefined;
}
