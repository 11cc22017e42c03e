import * as z from "zod";
import { limits } from "../limits.ts";
import type { MatrixEvent } from "./matrix-form.ts";

/**
 * Matrix knows no end of a ban or a mute. It is kept in a state event of ours for each user: what stands there is
 * what shall be, and every server aligns membership and power levels with it. An event without content says nothing:
 * the sanction is over and was carried out.
 */
export const BAN = "app.thephenom.chat.ban";
export const MUTE = "app.thephenom.chat.mute";

const until = z.iso.datetime().nullable();
/** `rejoin`: the user was a member and becomes one again when the ban ends, as on the other backends. */
const banSchema = z.object({ until, rejoin: z.boolean(), reason: z.string().optional() });
/** `power`: the user's own level before the mute, null for none. */
const muteSchema = z.object({ until, power: z.number().int().nullable() });

export type BanRecord = z.output<typeof banSchema>;
export type MuteRecord = z.output<typeof muteSchema>;

/** A state key that begins with `@` is reserved for that user's own events. */
export const stateKey = (user: string): string => user.slice(1);

/** A record in a room's state, with the time at which it was set. */
export interface Kept<Record> {
  readonly user: string;
  readonly record: Record;
  readonly setAt: number;
}

const kept =
  <Record>(schema: z.ZodType<Record>) =>
  (event: MatrixEvent | undefined): Kept<Record> | undefined => {
    const record = schema.safeParse(event?.content).data;
    if (!event || record === undefined) return undefined;
    return { user: `@${event.state_key ?? ""}`, record, setAt: event.origin_server_ts };
  };

/** The record in an event; undefined where there is none, or one that says nothing. */
export const keptBan = kept(banSchema);
export const keptMute = kept(muteSchema);

export const isOver = ({ until }: { readonly until: string | null }, now: number): boolean =>
  until !== null && Date.parse(until) <= now;

/**
 * Milliseconds in which a server that stopped between record and deed is expected to be noticed; later a difference
 * is somebody's wish.
 */
const UNFINISHED = 10 * 60_000;

/** Whether the call that set the record may still be about to do the deed: its record is not cleared then. */
const isUnderWay = ({ setAt }: Kept<unknown>, now: number): boolean => now - setAt < limits.callMs;

export interface Membership {
  readonly membership: string;
  readonly sender: string;
  readonly at: number;
}

/** Whether a ban has to be looked at: the members of the others need not be read. */
export const isDue = ({ record, setAt }: Kept<BanRecord>, now: number): boolean =>
  isOver(record, now) || now - setAt < UNFINISHED;

/**
 * What is missing between a ban's record and the user's membership. `end`: unban, where the ban is ours, and clear
 * the record.
 */
export function banStep(
  kept: Kept<BanRecord>,
  member: Membership | undefined,
  me: string,
  now: number,
): "ban" | "end" | undefined {
  if (isOver(kept.record, now)) {
    const ours = member?.membership === "ban" && member.sender === me;
    return ours || !isUnderWay(kept, now) ? "end" : undefined;
  }
  if (member?.membership === "ban") return undefined;
  // Who moderates by hand and lifted the ban since has the last word.
  const liftedByOthers = member !== undefined && member.at >= kept.setAt && member.sender !== me;
  return liftedByOthers ? undefined : "ban";
}

export interface LevelsChange {
  readonly sender: string;
  readonly at: number;
  /** Whether the user was muted by the levels before. */
  readonly mutedBefore: boolean;
}

/**
 * What is missing between a mute's record and the room's power levels. All users' levels are one event, so somebody
 * else's change may undo a mute by accident, which is put right, or by intent (the levels before had it), which is
 * respected. `forget` clears the record.
 */
export function muteStep(
  kept: Kept<MuteRecord>,
  isMuted: boolean,
  levels: LevelsChange | undefined,
  me: string,
  now: number,
): "mute" | "unmute" | "forget" | undefined {
  if (isOver(kept.record, now)) {
    if (isMuted) return "unmute";
    return isUnderWay(kept, now) ? undefined : "forget";
  }
  if (isMuted) return undefined;
  const liftedByOthers =
    levels !== undefined && levels.at >= kept.setAt && levels.sender !== me && levels.mutedBefore;
  return liftedByOthers ? "forget" : "mute";
}
