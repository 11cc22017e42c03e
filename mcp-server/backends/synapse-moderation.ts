import { randomUUID } from "node:crypto";
import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import type { Group } from "../auth/caller.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import type { Ban, Member } from "../chat/model.ts";
import { assertHigherRole } from "../chat/moderation.ts";
import { isoTime } from "../chat/time.ts";
import { limits } from "../limits.ts";
import type { MatrixEvent } from "./matrix-form.ts";
import { eventSchema, isMessage, isRedacted, matrixId, messageTypes, toProfile } from "./matrix-form.ts";
import type { Power } from "./matrix-power.ts";
import {
  BAN,
  isOver,
  MUTE,
  type MuteRecord,
  type Stored,
  stateKey,
  storedBan,
  storedMute,
} from "./sanctions.ts";
import { type Enforcement, membershipOf } from "./sanctions-enforcement.ts";
import type { SynapseClient } from "./synapse-client.ts";
import type { SynapseRooms } from "./synapse-rooms.ts";

export interface ModerationParts {
  readonly client: SynapseClient;
  readonly rooms: SynapseRooms;
  readonly enforcement: Enforcement;
  /** Matrix id of our account. */
  readonly me: string;
  /** Whether the homeserver knows the user. */
  readonly exists: (user: string, signal: AbortSignal) => Promise<boolean>;
}

type Moderation = Pick<ChatBackend, "deleteMessage" | "muteUser" | "banUser" | "unbanUser">;

const anything = z.unknown();
const foundSchema = z.object({ event: eventSchema.extend({ room_id: z.string() }) });
const pageSchema = z.object({ chunk: z.array(eventSchema), end: z.string().optional() });
/** Edits of one request; those that are redacted are no longer among them. */
const EDITS = 100;
const editsSchema = z.object({ chunk: z.array(z.object({ event_id: z.string() })) });

export function moderation({ client, rooms, enforcement, me, exists }: ModerationParts): Moderation {
  const redact = async (room: string, id: string, reason: string | undefined, signal: AbortSignal) => {
    const place = path`/_matrix/client/v3/rooms/${room}/redact/${id}/${randomUUID()}`;
    const body = reason === undefined ? {} : { reason };
    await client.send({ method: "PUT", path: place, body }, anything, signal);
  };
  /**
   * Redacts what the user wrote in the room from a time on, newest first, edits too. Synapse lets an account act only so
   * often, so the work stops in time for an answer, and another call goes on.
   */
  const redactAll = async (
    room: string,
    user: string,
    since: string,
    reason: string | undefined,
    signal: AbortSignal,
  ): Promise<number> => {
    const stopAt = performance.now() + limits.redactMs;
    const first = Date.parse(since);
    const filter = JSON.stringify({ types: messageTypes, senders: [user] });
    let deleted = 0;
    /** Ends the work early: 0 would tell that nothing is left. */
    const interrupted = (error: ChatError) => {
      if (deleted > 0) return deleted;
      throw error;
    };
    let from: string | undefined;
    do {
      const query = new URLSearchParams({
        dir: "b",
        limit: "100",
        filter,
        ...(from !== undefined && { from }),
      });
      const place = `${path`/_matrix/client/v3/rooms/${room}/messages`}?${query}`;
      const page = await client.read(place, pageSchema, signal);
      for (const event of page.chunk) {
        if (event.origin_server_ts < first) return deleted;
        if (isRedacted(event)) continue;
        if (deleted >= limits.deletions || performance.now() > stopAt) return interrupted(onlyEdits());
        try {
          await redact(room, event.event_id, reason, signal);
        } catch (error) {
          if (error instanceof ChatError && error.code === "rate_limited") return interrupted(error);
          throw error;
        }
        if (isMessage(event)) deleted += 1;
      }
      from = page.end;
    } while (from !== undefined);
    return deleted;
  };
  return {
    async deleteMessage({ message_id, reason }, signal) {
      const id = matrixId("message_id", message_id);
      const found = await client.find(path`/_synapse/admin/v1/fetch_event/${id}`, foundSchema, signal);
      const event = found?.event;
      // An administrator also sees events of rooms that this server does not serve.
      if (!event || !messageTypes.includes(event.type)) throw errors.noMessage(id);
      const room = event.room_id;
      if (!(await rooms.joined(signal)).includes(room)) throw errors.noMessage(id);
      if (isRedacted(event)) return;
      await rooms.within(room, signal, async () => {
        // Apps hide the edits of a deleted message, but their text would stay in the room.
        let edits: z.output<typeof editsSchema>;
        do {
          edits = await client.read(
            path`/_matrix/client/v1/rooms/${room}/relations/${id}/m.replace?limit=${String(EDITS)}`,
            editsSchema,
            signal,
          );
          for (const { event_id } of edits.chunk) await redact(room, event_id, reason, signal);
        } while (edits.chunk.length >= EDITS);
        await redact(room, id, reason, signal);
      });
    },

    async muteUser({ room_id, user_id, muted, until, by }, signal) {
      const room = matrixId("room_id", room_id);
      const user = matrixId("user_id", user_id);
      if (muted && user === me) throw errors.ownAccount("mute");
      return rooms.within(room, signal, async () => {
        const [member, before, { power }] = await Promise.all([
          enforcement.member(room, user, signal),
          rooms.state(room, MUTE, stateKey(user), signal).then(storedMute),
          rooms.power(room, signal),
        ]);
        if (!member || membershipOf(member)?.membership !== "join") throw errors.notAMember(user);
        if (muted) assertMorePower("mute", power, { me, by }, user);
        const now = new Date().toISOString();
        const end = muted ? (until === undefined ? null : new Date(until).toISOString()) : now;
        // The level before the first mute, even if the mute is changed later.
        const own = power.isMuted(user) ? (before?.record.power ?? null) : (power.levels.users[user] ?? null);
        const record: MuteRecord = { until: end, power: own };
        // The record first, then the action: a sweep that finds only the record completes it.
        if (muted || before) await enforcement.storeMute(room, user, record, signal);
        await enforcement.changeMutes(
          room,
          async (current) => ({
            muted: muted && !current.isMuted(user) ? [user] : [],
            unmuted: new Map(!muted && current.isMuted(user) ? [[user, own]] : []),
          }),
          signal,
        );
        if (!muted && before) await enforcement.storeMute(room, user, undefined, signal);
        const after = await rooms.power(room, signal);
        return toMember(room, member, after.power, muted ? { user, record, setAt: Date.now() } : undefined);
      });
    },

    async banUser({ room_id, user_id, reason, expires_at, delete_messages_since: since, by }, signal) {
      const room = matrixId("room_id", room_id);
      const user = matrixId("user_id", user_id);
      if (user === me) throw errors.ownAccount("ban");
      return rooms.within(room, signal, async () => {
        const [member, before, { power }] = await Promise.all([
          enforcement.member(room, user, signal),
          rooms.state(room, BAN, stateKey(user), signal).then(storedBan),
          rooms.power(room, signal),
        ]);
        const current = membershipOf(member);
        const ended = before !== undefined && isOver(before.record, Date.now());
        const isBanned = current?.membership === "ban" && !(ended && current.sender === me);
        const end = ended ? undefined : (before?.record.until ?? undefined);
        if (isBanned && since === undefined) throw errors.alreadyBanned(user, end);
        if (!member && !(await exists(user, signal))) throw errors.noUser(user);
        assertMorePower("ban", power, { me, by }, user);
        if (isBanned && member) {
          const ban = toBan(room, member, end);
          return { ban, deleted_messages: await redactAll(room, user, since ?? "", reason, signal) };
        }
        const until = expires_at === undefined ? null : new Date(expires_at).toISOString();
        const stillOut = current?.membership === "ban" && before !== undefined;
        const rejoin = stillOut ? before.record.rejoin : current?.membership === "join";
        // The record first, then the action: a sweep that finds only the record completes it.
        const name = (member && namesOf(user, member).display_name) ?? before?.record.name;
        const record = { until, rejoin, ...(reason && { reason }), ...(name !== undefined && { name }) };
        await enforcement.storeBan(room, user, record, signal);
        await enforcement.ban(room, user, reason, signal);
        const event = await enforcement.member(room, user, signal);
        if (!event) throw errors.unavailable("synapse", new Error("the ban is not in the room's state"));
        const ban = toBan(room, event, until ?? undefined);
        if (since === undefined) return { ban };
        return { ban, deleted_messages: await redactAll(room, user, since, reason, signal) };
      });
    },

    async unbanUser({ room_id, user_id }, signal) {
      const room = matrixId("room_id", room_id);
      const user = matrixId("user_id", user_id);
      await rooms.within(room, signal, async () => {
        const [event, before] = await Promise.all([
          enforcement.member(room, user, signal),
          rooms.state(room, BAN, stateKey(user), signal).then(storedBan),
        ]);
        const member = membershipOf(event);
        if (member?.membership !== "ban") throw errors.notBanned(user);
        // A ban that was set by hand has no record, or the record of another ban.
        if (before === undefined || member.sender !== me) {
          await enforcement.unban(room, user, signal);
          if (before) await enforcement.storeBan(room, user, undefined, signal);
          return;
        }
        const record = { ...before.record, until: new Date().toISOString() };
        await enforcement.storeBan(room, user, record, signal);
        await enforcement.endBan(room, user, record, member, signal);
      });
    },
  };
}

const onlyEdits = () =>
  new ChatError(
    "rate_limited",
    "delete_messages_since: the user is banned, and so far only edits of messages were deleted. Repeat the call to go on.",
    { field: "delete_messages_since", retryAfterMs: 1000 },
  );

/** The rule of every backend, and Matrix' own, which compares levels. */
function assertMorePower(
  action: "mute" | "ban",
  power: Power,
  actor: { readonly me: string; readonly by: Group },
  user: string,
): void {
  const agent = power.role(actor.me);
  assertHigherRole(action, { group: actor.by, agent }, { id: user, role: power.role(user) });
  if (power.of(user) < power.of(actor.me)) return;
  throw new ChatError(
    "forbidden",
    `user_id: user ${JSON.stringify(user)} has as much power in this room as the agent's account, which cannot ${action} them. An administrator of the room can.`,
    { field: "user_id" },
  );
}

function namesOf(user: string, { content }: MatrixEvent) {
  const { username, display_name } = toProfile(user, content);
  return { username, display_name };
}

/** A ban, from the member event that says so. */
export const toBan = (room: string, event: MatrixEvent, until: string | undefined): Ban => {
  const { reason } = event.content;
  return {
    id: event.event_id,
    room_id: room,
    user_id: event.state_key ?? "",
    banned_by: event.sender,
    reason: typeof reason === "string" && reason !== "" ? reason : undefined,
    banned_at: isoTime(event.origin_server_ts),
    expires_at: until,
  };
};

/** A member with role and mute; a mute that has expired counts as none, although the levels still say so. */
export function toMember(
  room: string,
  event: MatrixEvent,
  power: Power,
  mute: Stored<MuteRecord> | undefined,
): Member {
  const user = event.state_key ?? "";
  const muted = power.isMuted(user) && !(mute && isOver(mute.record, Date.now()));
  return {
    room_id: room,
    user_id: user,
    ...namesOf(user, event),
    role: power.role(user),
    is_muted: muted,
    muted_until: muted ? (mute?.record.until ?? undefined) : undefined,
    joined_at: isoTime(event.origin_server_ts),
  };
}
