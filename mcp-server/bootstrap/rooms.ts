import { roomAliases } from "../../shared/matrix-names.ts";
import { BAN, MUTE } from "../backends/sanctions.ts";

export type RoomKey = keyof ReturnType<typeof roomAliases>;

/** A room as it shall be. */
export interface RoomPlan {
  readonly key: RoomKey;
  readonly alias: string;
  /** Listed in the room directory. */
  readonly visibility: "public" | "private";
  /** Cognito group whose members are joined. @default - everyone joins at sign-in */
  readonly group?: string;
  /** Content of state events by type; all have the empty state key. */
  readonly state: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const NAMES: Readonly<Record<RoomKey, { name: string; topic: string }>> = {
  internal: { name: "Phenom Internal", topic: "For the people who work on Phenom" },
  partners: { name: "Phenom Partners", topic: "For Phenom's partners" },
  community: { name: "Phenom Community", topic: "For everyone who uses Phenom" },
};

/** The three rooms. Cognito groups are named like the rooms that they open. */
export function roomPlans(serverName: string): RoomPlan[] {
  const aliases = roomAliases(serverName);
  const keys: RoomKey[] = ["internal", "partners", "community"];
  return keys.map((key) => {
    const open = key === "community";
    return {
      key,
      alias: aliases[key],
      visibility: open ? "public" : "private",
      ...(!open && { group: key }),
      state: {
        "m.room.name": { name: NAMES[key].name },
        "m.room.topic": { topic: NAMES[key].topic },
        "m.room.canonical_alias": { alias: aliases[key] },
        "m.room.join_rules": { join_rule: open ? "public" : "invite" },
        // Members read what was written before they came; nobody else reads anything.
        "m.room.history_visibility": { history_visibility: "shared" },
        "m.room.guest_access": { guest_access: "forbidden" },
      },
    };
  });
}

/** The MCP server mutes by lowering a member's power, moderators' (50) too, and changes nothing else of a room. */
const BOT_POWER = 90;
const ADMIN_POWER = 100;

/** Levels by which people chat and moderate; what makes the room is left to its owner. */
const LEVELS = {
  users_default: 0,
  events_default: 0,
  state_default: ADMIN_POWER,
  invite: 50,
  kick: 50,
  ban: 50,
  redact: 50,
};
const EVENT_LEVELS = {
  // Where the MCP server keeps the ends of bans and mutes.
  [BAN]: BOT_POWER,
  [MUTE]: BOT_POWER,
  "m.room.avatar": ADMIN_POWER,
  "m.room.canonical_alias": ADMIN_POWER,
  "m.room.encryption": ADMIN_POWER,
  "m.room.guest_access": ADMIN_POWER,
  "m.room.history_visibility": ADMIN_POWER,
  "m.room.join_rules": ADMIN_POWER,
  "m.room.name": ADMIN_POWER,
  "m.room.pinned_events": 50,
  "m.room.power_levels": BOT_POWER,
  "m.room.server_acl": ADMIN_POWER,
  "m.room.tombstone": 150,
  "m.room.topic": ADMIN_POWER,
};

export interface PowerLevels {
  readonly users?: Readonly<Record<string, number>> | undefined;
  readonly events?: Readonly<Record<string, number>> | undefined;
  readonly [key: string]: unknown;
}

/**
 * The power levels that a room shall have: ours, and those of people as they are, who were muted or made moderators.
 *
 * @param creators who has all power by making the room, as of room version 12; they may not be among the users
 */
export function powerLevels(
  current: PowerLevels,
  bots: { readonly admin: string; readonly mcp: string },
  creators: ReadonlySet<string>,
): PowerLevels {
  const users = { ...current.users, [bots.admin]: ADMIN_POWER, [bots.mcp]: BOT_POWER };
  return {
    ...current,
    ...LEVELS,
    events: {
      ...current.events,
      ...EVENT_LEVELS,
      // Before room version 12 nobody has more than the owner.
      ...(creators.size === 0 && { "m.room.tombstone": ADMIN_POWER }),
    },
    users: Object.fromEntries(Object.entries(users).filter(([id]) => !creators.has(id))),
  };
}
