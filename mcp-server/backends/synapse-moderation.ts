import { randomUUID } from "node:crypto";
import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import type { Member } from "../chat/model.ts";
import { isoTime } from "../chat/time.ts";
import type { MatrixEvent } from "./matrix-form.ts";
import { eventSchema, isRedacted, matrixId, messageTypes, toUser } from "./matrix-form.ts";
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
  readonly serverName: string;
}

type Moderation = Pick<ChatBackend, "deleteMessage" | "muteUser" | "banUser" | "unbanUser">;

const anything = z.unknown();
const foundSchema = z.object({ event: eventSchema.extend({ room_id: z.string() }) });
const editsSchema = z.object({ chunk: z.array(z.object({ event_id: z.string() })) });

export function moderation({ client, rooms, enforcement, me, serverName }: ModerationParts): Moderation {
  const redact = async (room: string, id: string, reason: string | undefined, signal: AbortSignal) => {
    const place = path`/_matrix/client/v3/rooms/${room}/redact/${id}/${randomUUID()}`;
    const body = reason === undefined ? {} : { reason };
    await client.send({ method: "PUT", path: place, body }, anything, signal);
  };
  /** Whether the account exists on this server; accounts of other servers are known from rooms only. */
  const exists = async (user: string, signal: AbortSignal) =>
    user.endsWith(`:${serverName}`) &&
    (await client.find(path`/_synapse/admin/v2/users/${user}`, anything, signal)) !== undefined;

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
        const edits = await client.read(
          path`/_matrix/client/v1/rooms/${room}/relations/${id}/m.replace?limit=100`,
          editsSchema,
          signal,
        );
        for (const { event_id } of edits.chunk) await redact(room, event_id, reason, signal);
        await redact(room, id, reason, signal);
      });
    },

    async muteUser({ room_id, user_id, muted, until }, signal) {
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
        if (muted) assertMorePower(power, me, user, "mute");
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

    async banUser({ room_id, user_id, reason, expires_at }, signal) {
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
        if (current?.membership === "ban" && !(ended && current.sender === me))
          throw errors.alreadyBanned(user, ended ? undefined : (before?.record.until ?? undefined));
        if (!member && !(await exists(user, signal))) throw errors.noUser(user);
        assertMorePower(power, me, user, "ban");
        const until = expires_at === undefined ? null : new Date(expires_at).toISOString();
        const stillOut = current?.membership === "ban" && before !== undefined;
        const rejoin = stillOut ? before.record.rejoin : current?.membership === "join";
        // The record first, then the action: a sweep that finds only the record completes it.
        await enforcement.storeBan(room, user, { until, rejoin, ...(reason && { reason }) }, signal);
        await enforcement.ban(room, user, reason, signal);
        const event = await enforcement.member(room, user, signal);
        if (!event) throw errors.unavailable("synapse", new Error("the ban is not in the room's state"));
        return {
          id: event.event_id,
          room_id: room,
          user_id: user,
          banned_by: event.sender,
          reason,
          banned_at: isoTime(event.origin_server_ts),
          expires_at: until ?? undefined,
        };
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

/** In Matrix nobody may act on users with the same power or more. */
function assertMorePower(power: Power, me: string, user: string, what: string): void {
  if (power.of(user) < power.of(me)) return;
  throw new ChatError(
    "forbidden",
    `user_id: user ${JSON.stringify(user)} has as much power in this room as the agent's account, which cannot ${what} them. An administrator of the room can.`,
    { field: "user_id" },
  );
}

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
    user: toUser(user, event.content),
    role: power.role(user),
    is_muted: muted,
    muted_until: muted ? (mute?.record.until ?? undefined) : undefined,
    joined_at: isoTime(event.origin_server_ts),
  };
}
