import * as z from "zod";
import { isoTime } from "../chat/time.ts";
import { limits } from "../limits.ts";
import type { MatrixEvent } from "./matrix-form.ts";

/**
 * Matrix has no expiry of bans and mutes. We store it in a state event of our own per user: the event is the desired
 * state, and every server aligns membership and power levels with it. An event with empty content means that the
 * sanction has ended and nothing is left to do.
 */
export const BAN = "app.thephenom.chat.ban";
export const MUTE = "app.thephenom.chat.mute";

/** An end beyond the year 9999, which earlier releases wrote, counts as that year's. */
const until = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)))
  .transform((text) => isoTime(Date.parse(text)))
  .nullable();
/**
 * `rejoin`: the user was a member and joins again when the ban ends, as on the other backends. `name`: the display name,
 * which the member event of a ban has no longer.
 */
const banSchema = z.object({
  until,
  rejoin: z.boolean(),
  reason: z.string().optional(),
  name: z.string().optional(),
});
/** `power`: the user's own level before the mute; null if there was none. */
const muteSchema = z.object({ until, power: z.number().int().nullable() });

export type BanRecord = z.output<typeof banSchema>;
export type MuteRecord = z.output<typeof muteSchema>;

/** State keys that begin with `@` are reserved for that user's own events, so the `@` is left out. */
export const stateKey = (user: string): string => user.slice(1);

/** A record from a room's state, with the time at which it was set. */
export interface Stored<Record> {
  readonly user: string;
  readonly record: Record;
  readonly setAt: number;
}

const stored =
  <Record>(schema: z.ZodType<Record>) =>
  (event: MatrixEvent | undefined): Stored<Record> | undefined => {
    const record = schema.safeParse(event?.content).data;
    if (!event || record === undefined) return undefined;
    return { user: `@${event.state_key ?? ""}`, record, setAt: event.origin_server_ts };
  };

/** The record in an event; undefined without an event or with empty content. */
export const storedBan = stored(banSchema);
export const storedMute = stored(muteSchema);

export const isOver = ({ until }: { readonly until: string | null }, now: number): boolean =>
  until !== null && Date.parse(until) <= now;

/**
 * Time in which a sweep completes what a server left half-done. A later difference between record and room is taken
 * as intended.
 */
const UNFINISHED_MS = 10 * 60_000;

/** Whether the call that set the record may still be running; its record is not cleared then. */
const isUnderWay = ({ setAt }: Stored<unknown>, now: number): boolean => now - setAt < limits.callMs;

export interface Membership {
  readonly membership: string;
  readonly sender: string;
  readonly at: number;
}

/** Whether a ban must be checked; for others the membership need not be read. */
export const isDue = ({ record, setAt }: Stored<BanRecord>, now: number): boolean =>
  isOver(record, now) || now - setAt < UNFINISHED_MS;

/**
 * The step from a user's membership to a ban's record. `end` unbans, if the ban is ours, and clears the record.
 */
export function banStep(
  stored: Stored<BanRecord>,
  member: Membership | undefined,
  me: string,
  now: number,
): "ban" | "end" | undefined {
  if (isOver(stored.record, now)) {
    const ours = member?.membership === "ban" && member.sender === me;
    return ours || !isUnderWay(stored, now) ? "end" : undefined;
  }
  if (member?.membership === "ban") return undefined;
  // A moderator who has lifted the ban by hand has the last word.
  const liftedByOthers = member !== undefined && member.at >= stored.setAt && member.sender !== me;
  return liftedByOthers ? undefined : "ban";
}

export interface LevelsChange {
  readonly sender: string;
  readonly at: number;
  /** Whether the user was muted by the levels before. */
  readonly mutedBefore: boolean;
}

/**
 * The step from the room's power levels to a mute's record. The levels of all users are one event, so a change by
 * somebody else may undo a mute by accident, which is repaired, or on purpose (the levels before it had the mute),
 * which is respected. `forget` clears the record.
 */
export function muteStep(
  stored: Stored<MuteRecord>,
  isMuted: boolean,
  levels: LevelsChange | undefined,
  me: string,
  now: number,
): "mute" | "unmute" | "forget" | undefined {
  if (isOver(stored.record, now)) {
    if (isMuted) return "unmute";
    return isUnderWay(stored, now) ? undefined : "forget";
  }
  if (isMuted) return undefined;
  const liftedByOthers =
    levels !== undefined && levels.at >= stored.setAt && levels.sender !== me && levels.mutedBefore;
  return liftedByOthers ? "forget" : "mute";
}
