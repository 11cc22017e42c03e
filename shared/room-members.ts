import * as z from "zod/mini";
import { MatrixError, path } from "./matrix.ts";
import type { MatrixClient } from "./matrix-client.ts";
import { IDENTITY_PROVIDER, RESERVED_PREFIX, userId } from "./matrix-names.ts";
import type { StepReport } from "./step-report.ts";

export interface Room {
  readonly id: string;
  readonly alias: string;
}

/** A Cognito user in a group. */
export interface GroupMember {
  /** The user's Cognito `sub`, which never changes. */
  readonly sub: string;
  readonly enabled: boolean;
}

/** A Cognito group that opens a room. */
export interface Group {
  readonly name: string;
  /** Undefined if the user pool has no such group. */
  readonly people: readonly GroupMember[] | undefined;
}

/** The homeserver whose rooms are kept. */
export interface Homeserver {
  readonly serverName: string;
  /** Matrix ids of our own accounts, which stay in every room. */
  readonly bots: readonly string[];
  /** Matrix ids by Cognito `sub`, as far as an earlier run found them. @default - nothing is known */
  readonly accounts?: Map<string, string>;
}

const member = z.object({ state_key: z.string(), content: z.object({ membership: z.string() }) });

/** Everyone's membership by Matrix id: join, invite, leave, ban, knock. */
async function memberships(admin: MatrixClient, room: Room): Promise<Map<string, string>> {
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
export async function joinBot(
  admin: MatrixClient,
  room: Room,
  bot: string,
  report: StepReport,
): Promise<void> {
  if ((await memberships(admin, room)).get(bot) === "join") return report.unchanged(`${room.alias}: ${bot}`);
  await join(admin, room, bot);
  report.changed(`${room.alias}: ${bot} joined`);
}

/**
 * Brings a room in line with a Cognito group: first removes who does not belong there, then joins everyone who has signed
 * in once, except banned users. Removing does not ban, so a user who returns to the group is joined again. A group that
 * the user pool lacks changes nothing.
 */
export async function syncRoom(
  admin: MatrixClient,
  room: Room,
  group: Group,
  homeserver: Homeserver,
  report: StepReport,
): Promise<void> {
  if (!group.people) {
    report.skipped(`${room.alias}: the user pool has no group ${group.name}; create it and run this again`);
    return;
  }
  const belonging = new Map<string, GroupMember>();
  for (const person of group.people) {
    const user = person.enabled ? await matrixId(admin, person.sub, homeserver) : undefined;
    if (user !== undefined) belonging.set(user, person);
    else
      report.skipped(
        `${room.alias}: ${person.sub} ${person.enabled ? "has not signed in yet; joined at a later run" : "is disabled in Cognito"}`,
      );
  }
  const known = await memberships(admin, room);
  // Ending access comes first.
  for (const [user, membership] of known)
    if ((membership === "join" || membership === "invite") && !belonging.has(user))
      await removeLeaver(admin, room, user, group.name, homeserver, report);
  let unchanged = 0;
  for (const [user, { sub }] of belonging) {
    const membership = known.get(user);
    if (membership === "join") unchanged += 1;
    else if (membership === "ban") report.skipped(`${room.alias}: ${user} is banned`);
    else
      await unlessRefused(
        async () => {
          await join(admin, room, user);
          report.changed(`${room.alias}: ${user} joined`);
        },
        (reason) => {
          // For example a deactivated account, which another one may have replaced.
          homeserver.accounts?.delete(sub);
          report.skipped(`${room.alias}: ${user} cannot be joined: ${reason}`);
        },
      );
  }
  if (unchanged > 0) report.unchanged(`${room.alias}: ${unchanged} of group ${group.name}`);
}

/** Removes a Cognito user. Our own accounts, server administrators and accounts without a known Cognito user stay. */
async function removeLeaver(
  admin: MatrixClient,
  room: Room,
  user: string,
  group: string,
  { bots, serverName }: Homeserver,
  report: StepReport,
): Promise<void> {
  if (bots.includes(user) || user.startsWith(`@${RESERVED_PREFIX}`)) return;
  const why = await reasonToStay(admin, user, serverName);
  if (why !== undefined)
    return report.skipped(`${room.alias}: ${user} is not in group ${group} and stays: ${why}`);
  await unlessRefused(
    async () => {
      await admin.send("POST", path`/_matrix/client/v3/rooms/${room.id}/kick`, {
        user_id: user,
        reason: `Not in the group ${group}`,
      });
      report.changed(`${room.alias}: ${user} removed, not in group ${group}`);
    },
    (reason) => report.refused(`${room.alias}: ${user} cannot be removed: ${reason}`),
  );
}

const account = z.object({
  admin: z._default(z.union([z.boolean(), z.number()]), false),
  external_ids: z._default(z.array(z.object({ auth_provider: z.string(), external_id: z.string() })), []),
});

const findAccount = (admin: MatrixClient, user: string) =>
  admin.find(path`/_synapse/admin/v2/users/${user}`, account);

/** A Cognito `sub`: the local part of users whose first sign-in used a Cognito token. */
const SUB = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

async function reasonToStay(
  admin: MatrixClient,
  user: string,
  serverName: string,
): Promise<string | undefined> {
  const [localpart = "", ...server] = user.slice(1).split(":");
  if (server.join(":") !== serverName) return "another homeserver's";
  const found = await findAccount(admin, user);
  if (found?.admin) return "a server administrator";
  const fromCognito = found?.external_ids.some(({ auth_provider }) => auth_provider === IDENTITY_PROVIDER);
  const byToken = found?.external_ids.length === 0 && SUB.test(localpart);
  return fromCognito || byToken ? undefined : "no Cognito user is known for this account";
}

/** Runs an action on one user and reports why Synapse refuses it, unless Synapse is busy or down. */
async function unlessRefused(act: () => Promise<void>, refused: (reason: string) => void): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof MatrixError) || error.status === 0 || error.status === 401 || error.status >= 429)
      throw error;
    refused(error.message);
  }
}

/**
 * The Matrix id of a Cognito user: of the browser's sign-in, which records the `sub`, else of a sign-in with a Cognito
 * ID token, which makes the `sub` the local part and records nothing. An account with that name and another recorded
 * `sub` belongs to somebody else.
 */
export async function matrixId(
  admin: MatrixClient,
  sub: string,
  { serverName, accounts }: Pick<Homeserver, "serverName" | "accounts">,
): Promise<string | undefined> {
  const known = accounts?.get(sub);
  if (known !== undefined) return known;
  const found = await admin.find(
    path`/_synapse/admin/v1/auth_providers/${IDENTITY_PROVIDER}/users/${sub}`,
    z.object({ user_id: z.string() }),
  );
  const named = userId(sub, serverName);
  const user =
    found?.user_id ?? ((await findAccount(admin, named))?.external_ids.length === 0 ? named : undefined);
  if (user !== undefined) accounts?.set(sub, user);
  return user;
}
