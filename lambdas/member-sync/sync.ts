import * as z from "zod/mini";
import { rooms } from "../../shared/chat-rooms.ts";
import { groupRooms, type Memberships, membershipsOf } from "../shared/provisioning/memberships.ts";
import type { Person } from "../shared/provisioning/person.ts";
import type { Service } from "../shared/provisioning/service.ts";
import { type Failure, failuresOf, provisioning } from "../shared/provisioning/statement.ts";
import { membersOf, poolPageOf } from "./people.ts";

/** What a run did. */
export interface Result {
  readonly added: number;
  readonly removed: number;
  /** People for whom the database refused something. */
  readonly failed: number;
  /** Messages that were moved to the archive, if that was asked for. */
  readonly archived?: number;
  /** Where to go on, if time ran out. */
  readonly next?: string | undefined;
}

type OnFailure = (person: Person, failures: readonly Failure[]) => void;

const memberRows = z.array(z.object({ room_id: z.string(), user_id: z.string(), role: z.string() }));
const absentRows = z.array(z.object({ user_id: z.string() }));

/** The groups that decide about rooms and roles. */
const groupNames = [...groupRooms, "support", "admin"] as const;

// People who left a group lose its room and their role. Memberships and roles that a person gave stay.
const REMOVE = `delete from public.chat_members
 where origin = 'group' and room_id = $1 and not user_id = any ($2::text[]) returning user_id`;
const DEMOTE = `update public.chat_members set role = 'user'
 where role <> 'user' and origin = 'group' and not user_id = any ($1::text[]) returning user_id`;

/**
 * Brings the private rooms and the roles in line with the Cognito groups. A group that the pool lacks changes nothing.
 *
 * @throws AwsError, DatabaseError, or the signal's reason; a later run does what is left
 */
export async function syncGroups(
  { database, ownsProfiles }: Service,
  userPoolId: string,
  signal: AbortSignal,
  onFailure: OnFailure,
): Promise<Result> {
  const people = new Map<string, Person>();
  const groupsOf = new Map<string, string[]>();
  const missing = new Set<string>();
  for (const group of groupNames) {
    const members = await membersOf(userPoolId, group, signal);
    if (!members) missing.add(group);
    for (const person of members ?? []) {
      people.set(person.id, person);
      groupsOf.set(person.id, [...(groupsOf.get(person.id) ?? []), group]);
    }
  }
  const idsIn = (...groups: readonly string[]) =>
    [...groupsOf].filter(([, names]) => groups.some((group) => names.includes(group))).map(([id]) => id);

  // Ending access comes first.
  let removed = 0;
  for (const group of groupRooms) {
    if (missing.has(group)) continue;
    removed += (await database.run({ text: REMOVE, values: [rooms[group], idsIn(group)] }, signal)).length;
  }
  if (!missing.has("support") && !missing.has("admin"))
    removed += (await database.run({ text: DEMOTE, values: [idsIn("support", "admin")] }, signal)).length;

  const known = memberRows.parse(
    await database.run(
      {
        text: "select room_id, user_id, role from public.chat_members where user_id = any ($1::text[])",
        values: [[...people.keys()]],
      },
      signal,
    ),
  );
  const roles = new Map(known.map(({ room_id, user_id, role }) => [`${room_id} ${user_id}`, role]));
  const wanted = [...people.values()]
    .map((person) => ({ person, memberships: membershipsOf(groupsOf.get(person.id) ?? []) }))
    .filter(({ person, memberships: { joined, role } }) =>
      joined.some((room) => roles.get(`${room} ${person.id}`) !== role),
    );
  let failed = 0;
  for (const { person, memberships } of wanted) {
    // What a person left was removed above, unless the pool lacks the group.
    const failures = failuresOf(
      await database.run(provisioning(person, { ...memberships, left: [] }, ownsProfiles), signal),
    );
    if (failures.length > 0) onFailure(person, failures);
    if (failures.some(({ step }) => step !== "profile")) failed += 1;
  }
  return { added: wanted.length - failed, removed, failed };
}

const community: Memberships = membershipsOf(undefined);

/**
 * Adds everybody in the user pool to Community, page by page until the time is over.
 *
 * @param page where an earlier run stopped
 * @param enough tells whether the time is over
 */
export async function syncPool(
  { database, ownsProfiles }: Service,
  userPoolId: string,
  page: string | undefined,
  signal: AbortSignal,
  enough: () => boolean,
  onFailure: OnFailure,
): Promise<Result> {
  let [added, failed] = [0, 0];
  let next = page;
  do {
    const { people, next: following } = await poolPageOf(userPoolId, next, signal);
    const rows = await database.run(
      {
        text: `select person as user_id from unnest($1::text[]) person
                where not exists (
                  select from public.chat_members member where member.room_id = $2 and member.user_id = person)`,
        values: [people.map(({ id }) => id), rooms.community],
      },
      signal,
    );
    const absent = new Set(absentRows.parse(rows).map(({ user_id }) => user_id));
    for (const person of people.filter(({ id }) => absent.has(id))) {
      const failures = failuresOf(await database.run(provisioning(person, community, ownsProfiles), signal));
      if (failures.length > 0) onFailure(person, failures);
      if (failures.some(({ step }) => step !== "profile")) failed += 1;
      else added += 1;
    }
    next = following;
  } while (next !== undefined && !enough());
  return { added, removed: 0, failed, next };
}
