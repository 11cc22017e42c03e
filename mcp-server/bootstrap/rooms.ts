import { roomAliases } from "../../shared/matrix-names.ts";
import { BAN, MUTE } from "../backends/sanctions.ts";

export type RoomKey = keyof ReturnType<typeof roomAliases>;

/** The desired state of a room. */
export interface RoomPlan {
  readonly key: RoomKey;
  readonly alias: string;
  /** Listed in the room directory. */
  readonly visibility: "public" | "private";
  /** Cognito group whose members are joined. @default - everyone joins at sign-in */
  readonly group?: string;
  /** Content of state events with an empty state key, by type. */
  readonly state: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const NAMES: Readonly<Record<RoomKey, { name: string; topic: string }>> = {
  internal: { name: "Phenom Internal", topic: "For the people who work on Phenom" },
  partners: { name: "Phenom Partners", topic: "For Phenom's partners" },
  community: { name: "Phenom Community", topic: "For everyone who uses Phenom" },
};

/** The three rooms. A Cognito group has the name of the room that it opens. */
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
        // Members may read messages from before they joined; nobody else may read.
        "m.room.history_visibility": { history_visibility: "shared" },
        "m.room.guest_access": { guest_access: "forbidden" },
      },
    };
  });
}

/** The MCP server mutes by lowering members' power, also that of moderators (50), and changes nothing else in a room. */
const BOT_POWER = 90;
const ADMIN_POWER = 100;

/** Levels for chat and moderation; only the owner changes the room itself. */
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
  // The MCP server stores the ends of bans and mutes in these.
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
 * The desired power levels of a room: our levels, and the current ones of users who were muted or made moderators.
 *
 * @param creators users with unlimited power as the room's creators (from room version 12); they may not be listed
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
      // Before room version 12 nobody has more power than the owner.
      ...(creators.size === 0 && { "m.room.tombstone": ADMIN_POWER }),
    },
    users: Object.fromEntries(Object.entries(users).filter(([id]) => !creators.has(id))),
  };
}
