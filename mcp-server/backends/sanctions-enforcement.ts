import * as z from "zod";
import { MatrixError, path } from "../../shared/matrix.ts";
import { ChatError } from "../chat/error.ts";
import { eventSchema, type MatrixEvent } from "./matrix-form.ts";
import { changedLevels, type Power } from "./matrix-power.ts";
import { BAN, type BanRecord, type Membership, MUTE, type MuteRecord, stateKey } from "./sanctions.ts";
import { refusedWith, type SynapseClient } from "./synapse-client.ts";
import type { SynapseRooms } from "./synapse-rooms.ts";

/** A change of power levels: users to mute, and users to restore to a level; null removes the entry. */
export interface MuteChange {
  readonly muted: readonly string[];
  readonly unmuted: ReadonlyMap<string, number | null>;
}

/** The actions that enforce bans and mutes. Each is idempotent, on this server and across servers. */
export interface Enforcement {
  member(room: string, user: string, signal: AbortSignal): Promise<MatrixEvent | undefined>;
  storeBan(room: string, user: string, record: BanRecord | undefined, signal: AbortSignal): Promise<void>;
  storeMute(room: string, user: string, record: MuteRecord | undefined, signal: AbortSignal): Promise<void>;
  ban(room: string, user: string, reason: string | undefined, signal: AbortSignal): Promise<void>;
  /** Ends a ban of ours and clears its record. */
  endBan(
    room: string,
    user: string,
    record: BanRecord | undefined,
    member: Membership | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  unban(room: string, user: string, signal: AbortSignal): Promise<void>;
  /** Reads the levels, decides and writes what differs, with one change at a time per room. */
  changeMutes(
    room: string,
    decide: (power: Power, event: MatrixEvent | undefined) => Promise<MuteChange>,
    signal: AbortSignal,
  ): Promise<void>;
}

const anything = z.unknown();
const membershipSchema = z.object({ membership: z.string() });

/** The part of a member event that sanctions use. */
export function membershipOf(event: MatrixEvent | undefined): Membership | undefined {
  const parsed = membershipSchema.safeParse(event?.content).data;
  return event && parsed ? { ...parsed, sender: event.sender, at: event.origin_server_ts } : undefined;
}

export function enforcement(client: SynapseClient, rooms: SynapseRooms, me: string): Enforcement {
  const inOrder = queuePerKey();
  const store = async (type: string, room: string, user: string, record: object, signal: AbortSignal) => {
    const place = path`/_matrix/client/v3/rooms/${room}/state/${type}/${stateKey(user)}`;
    await client.send({ method: "PUT", path: place, body: record }, anything, signal);
  };
  const unban: Enforcement["unban"] = async (room, user, signal) => {
    const place = path`/_matrix/client/v3/rooms/${room}/unban`;
    await client
      .send({ method: "POST", path: place, body: { user_id: user } }, anything, signal)
      .catch((error: unknown) => {
        // Another server was first.
        if (refusedWith(error) !== "M_BAD_STATE") throw error;
      });
  };
  /** Joins the user again; an account that was deactivated or cannot be invited stays out. */
  const rejoin = async (room: string, user: string, signal: AbortSignal) => {
    const body = { user_id: user };
    await client
      .send({ method: "POST", path: path`/_synapse/admin/v1/join/${room}`, body }, anything, signal)
      .catch((error: unknown) => {
        const cause = error instanceof ChatError ? error.cause : undefined;
        if (!(cause instanceof MatrixError) || cause.status === 429 || cause.status >= 500) throw error;
      });
  };

  return {
    unban,
    member: (room, user, signal) => rooms.state(room, "m.room.member", user, signal),
    storeBan: (room, user, record, signal) => store(BAN, room, user, record ?? {}, signal),
    storeMute: (room, user, record, signal) => store(MUTE, room, user, record ?? {}, signal),
    async ban(room, user, reason, signal) {
      const body = { user_id: user, ...(reason !== undefined && { reason }) };
      await client.send(
        { method: "POST", path: path`/_matrix/client/v3/rooms/${room}/ban`, body },
        anything,
        signal,
      );
    },
    async endBan(room, user, record, member, signal) {
      const ours = member?.sender === me;
      if (ours && member.membership === "ban") await unban(room, user, signal);
      if (record?.rejoin && ours && ["ban", "leave"].includes(member.membership))
        await rejoin(room, user, signal);
      if (record) await store(BAN, room, user, {}, signal);
    },
    changeMutes: (room, decide, signal) =>
      inOrder(room, async () => {
        const { power, event } = await rooms.power(room, signal);
        const { muted, unmuted } = await decide(power, event);
        if (muted.length === 0 && unmuted.size === 0) return;
        const place = path`/_matrix/client/v3/rooms/${room}/state/m.room.power_levels/`;
        const body = changedLevels(power, muted, unmuted);
        await client.send({ method: "PUT", path: place, body }, anything, signal);
      }),
  };
}

/** The event with this id, if the room shows it. */
export const eventOf = (client: SynapseClient, room: string, id: string, signal: AbortSignal) =>
  client.find(path`/_matrix/client/v3/rooms/${room}/event/${id}`, eventSchema, signal);

/** Runs work with the same key one after the other. */
function queuePerKey(): <Result>(key: string, work: () => Promise<Result>) => Promise<Result> {
  const last = new Map<string, Promise<unknown>>();
  return (key, work) => {
    const mine = (last.get(key) ?? Promise.resolve()).then(work, work);
    const settled = mine
      .catch(() => {})
      .finally(() => {
        if (last.get(key) === settled) last.delete(key);
      });
    last.set(key, settled);
    return mine;
  };
}
