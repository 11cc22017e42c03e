import * as z from "zod";
import type { Member } from "../chat/model.ts";
import type { MatrixEvent } from "./matrix-form.ts";

/** Rooms of old versions store levels as text. */
const level = z.coerce.number().int();
const levels = z.record(z.string(), level);

/** Content of `m.room.power_levels`; keys that this server does not use are written back unchanged. */
export const powerLevelsSchema = z.looseObject({
  users: levels.default({}),
  users_default: level.default(0),
  events: levels.default({}),
  events_default: level.default(0),
  ban: level.default(50),
  redact: level.default(50),
  state_default: level.default(50),
});
export type PowerLevels = z.output<typeof powerLevelsSchema>;

/** First room version whose creators have unlimited power without an entry in the power levels. */
const CREATORS_RULE = 12;

const createSchema = z.object({
  room_version: z.string().default("1"),
  additional_creators: z.array(z.string()).default([]),
});

/** A room's power levels. */
export interface Power {
  readonly levels: PowerLevels;
  of(user: string): number;
  /** Level that sending a message requires. */
  readonly toSend: number;
  role(user: string): Member["role"];
  /** Whether the user is below the default level and below the level that sending requires. */
  isMuted(user: string): boolean;
}

export function roomPower(create: Pick<MatrixEvent, "sender" | "content">, content: unknown): Power {
  const { room_version, additional_creators } = createSchema.parse(create.content);
  const creators = new Set(
    Number(room_version) >= CREATORS_RULE ? [create.sender, ...additional_creators] : [],
  );
  // Without the event only the creator has power, and no action requires any.
  const levels = powerLevelsSchema.parse(content ?? { users: { [create.sender]: 100 }, state_default: 0 });
  const { users, users_default, events, events_default, state_default, ban, redact } = levels;
  const toSend = events["m.room.message"] ?? events_default;
  const of = (user: string) =>
    creators.has(user) ? Number.POSITIVE_INFINITY : (users[user] ?? users_default);
  return {
    levels,
    of,
    toSend,
    role(user) {
      const power = of(user);
      if (power <= users_default) return "user";
      if (power >= (events["m.room.power_levels"] ?? state_default)) return "admin";
      return power >= Math.max(ban, redact) ? "support" : "user";
    },
    isMuted: (user) => of(user) < Math.min(toSend, users_default),
  };
}

/** The level of a muted user in this room. */
const silent = ({ levels, toSend }: Power) => Math.min(toSend, levels.users_default) - 1;

/** The levels with some users muted and others restored to their former level; null removes the entry. */
export function changedLevels(
  power: Power,
  muted: readonly string[],
  unmuted: ReadonlyMap<string, number | null>,
): PowerLevels {
  const users = { ...power.levels.users };
  for (const user of muted) users[user] = silent(power);
  for (const [user, level] of unmuted) {
    if (level === null) delete users[user];
    else users[user] = level;
  }
  return { ...power.levels, users };
}
