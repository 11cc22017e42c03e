import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import { ChatError, errors } from "../chat/error.ts";
import type { Room } from "../chat/model.ts";
import { isoTime } from "../chat/time.ts";
import { limits } from "../limits.ts";
import { eventSchema, type MatrixEvent } from "./matrix-form.ts";
import { type Power, roomPower } from "./matrix-power.ts";
import { refusedWith, type SynapseClient } from "./synapse-client.ts";

/** Reads rooms' state. */
export interface SynapseRooms {
  /** Ids of the rooms of which our account is a member. */
  joined(signal: AbortSignal): Promise<readonly string[]>;
  list(signal: AbortSignal): Promise<readonly Room[]>;
  state(room: string, type: string, key: string, signal: AbortSignal): Promise<MatrixEvent | undefined>;
  /** The power levels and their event. */
  power(room: string, signal: AbortSignal): Promise<{ power: Power; event: MatrixEvent | undefined }>;
  /** @throws ChatError rejected if the room is closed or encrypted; one that was open counts as open for a moment */
  assertOpen(room: string, signal: AbortSignal): Promise<void>;
  /** Runs work in a room and explains a refusal by the state of the room or by our membership. */
  within<Result>(room: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result>;
  /** @throws ChatError if the room does not exist or our account is not a member */
  assertMembership(room: string, signal: AbortSignal): Promise<void>;
}

const joinedSchema = z.object({ joined_rooms: z.array(z.string()) });
const membershipSchema = z.object({ membership: z.string() });

const ENCRYPTED = "End-to-end encrypted: these tools can neither read nor send messages here.";

export function synapseRooms(client: SynapseClient, me: string): SynapseRooms {
  /** Rooms' creation events, which never change. */
  const creations = new Map<string, MatrixEvent>();
  /** When rooms were last seen open, in milliseconds of a monotonic clock. */
  const seenOpen = new Map<string, number>();

  const state: SynapseRooms["state"] = (room, type, key, signal) =>
    client.find(
      path`/_matrix/client/v3/rooms/${room}/state/${type}/${key}?format=event`,
      eventSchema,
      signal,
    );
  const creation = async (room: string, signal: AbortSignal) => {
    const known = creations.get(room) ?? (await state(room, "m.room.create", "", signal));
    if (!known) throw errors.noRoom(room);
    creations.set(room, known);
    return known;
  };
  const power: SynapseRooms["power"] = async (room, signal) => {
    const [create, event] = await Promise.all([
      creation(room, signal),
      state(room, "m.room.power_levels", "", signal),
    ]);
    return { power: roomPower(create, event?.content), event };
  };
  const joined: SynapseRooms["joined"] = async (signal) =>
    (await client.read("/_matrix/client/v3/joined_rooms", joinedSchema, signal)).joined_rooms;

  const describe = async (room: string, signal: AbortSignal): Promise<Room> => {
    const one = (type: string) => state(room, type, "", signal);
    const [create, levels, name, alias, topic, tombstone, encryption] = await Promise.all([
      creation(room, signal),
      power(room, signal),
      ...["name", "canonical_alias", "topic", "tombstone", "encryption"].map((type) => one(`m.room.${type}`)),
    ]);
    const said = (event: MatrixEvent | undefined, key: string) => {
      const value = event?.content[key];
      return typeof value === "string" && value !== "" ? value : undefined;
    };
    const description = [said(topic, "topic"), encryption && ENCRYPTED].filter((part) => part !== undefined);
    return {
      id: room,
      name: said(name, "name") ?? said(alias, "alias") ?? room,
      description: description.length > 0 ? description.join(" ") : undefined,
      is_active: tombstone === undefined && takesMessages(levels.power, me),
      created_at: isoTime(create.origin_server_ts),
    };
  };

  const assertMembership: SynapseRooms["assertMembership"] = async (room, signal) => {
    if ((await joined(signal)).includes(room)) return;
    const own = await state(room, "m.room.member", me, signal).catch((error: unknown) => {
      if (refusedWith(error) === "M_FORBIDDEN") return undefined;
      throw error;
    });
    if (membershipSchema.safeParse(own?.content).data?.membership === "ban")
      throw errors.bannedFromRoom(room);
    const known = await client.find(path`/_synapse/admin/v1/rooms/${room}`, z.unknown(), signal);
    throw known === undefined ? errors.noRoom(room) : errors.notInRoom(room);
  };

  return {
    joined,
    state,
    power,
    assertMembership,
    async list(signal) {
      const rooms = await Promise.all(
        (await joined(signal)).map((room) =>
          describe(room, signal).catch((error: unknown) => {
            // Our account is no longer a member.
            if (refusedWith(error) === "M_FORBIDDEN") return [];
            throw error;
          }),
        ),
      );
      const place = ({ created_at, id }: Room) => `${created_at} ${id}`;
      return rooms.flat().sort((a, b) => (place(a) < place(b) ? -1 : 1));
    },
    async assertOpen(room, signal) {
      const now = performance.now();
      if (now - (seenOpen.get(room) ?? Number.NEGATIVE_INFINITY) < limits.seenOpenMs) return;
      const [encryption, tombstone] = await Promise.all([
        state(room, "m.room.encryption", "", signal),
        state(room, "m.room.tombstone", "", signal),
      ]);
      if (encryption)
        throw new ChatError(
          "rejected",
          `room_id: room ${JSON.stringify(room)} is end-to-end encrypted, and this server holds no keys: it can neither read nor send messages there.`,
          { field: "room_id" },
        );
      if (tombstone) throw closed(room);
      seenOpen.set(room, now);
    },
    async within(room, signal, work) {
      try {
        return await work();
      } catch (error) {
        if (refusedWith(error) !== "M_FORBIDDEN") throw error;
        await assertMembership(room, signal);
        const { power: current } = await power(room, signal);
        if (!takesMessages(current, me)) throw closed(room, error);
        throw new ChatError(
          "forbidden",
          `room_id: the agent's account has too little power for this in room ${JSON.stringify(room)}. An administrator of the room has to raise it.`,
          { field: "room_id", cause: error },
        );
      }
    },
  };
}

/** A room is closed if not even our account, which moderates, may write. */
const takesMessages = (power: Power, me: string) => power.of(me) >= power.toSend;

const closed = (room: string, cause?: unknown) =>
  new ChatError("rejected", `room_id: room ${JSON.stringify(room)} is inactive: it takes no new messages.`, {
    field: "room_id",
    cause,
  });
