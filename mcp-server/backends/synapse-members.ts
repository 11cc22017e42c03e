import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { fromCursor, toCursor } from "../chat/cursor.ts";
import { fittingMembers } from "../chat/lines.ts";
import { fold, foldedName } from "../chat/search-query.ts";
import { eventSchema, isUserId, type MatrixEvent, matrixId, toProfile } from "./matrix-form.ts";
import { BAN, isOver, MUTE, type Stored, storedBan, storedMute } from "./sanctions.ts";
import type { SynapseClient } from "./synapse-client.ts";
import { toBan, toMember } from "./synapse-moderation.ts";
import type { SynapseRooms } from "./synapse-rooms.ts";

const membersSchema = z.object({ chunk: z.array(eventSchema) });
const recordsSchema = z.object({ state: z.array(eventSchema) });

/** Lists who is in a room, or banned from it. */
export function members(client: SynapseClient, rooms: SynapseRooms): Pick<ChatBackend, "listMembers"> {
  const records = async <Record>(
    room: string,
    type: string,
    read: (event: MatrixEvent) => Stored<Record> | undefined,
    signal: AbortSignal,
  ) => {
    const place = path`/_synapse/admin/v1/rooms/${room}/state?type=${type}`;
    const found = await client.find(place, recordsSchema, signal);
    return new Map(
      (found?.state ?? []).flatMap((event) => {
        const stored = read(event);
        return stored ? [[stored.user, stored]] : [];
      }),
    );
  };
  return {
    async listMembers({ room_id, name, status = "member", limit, cursor }, signal) {
      const room = matrixId("room_id", room_id);
      const scope = ["members", room, name, status];
      const position = fromCursor(scope, cursor, isUserId);
      const membership = status === "banned" ? "ban" : "join";
      return rooms.within(room, signal, async () => {
        const place = path`/_matrix/client/v3/rooms/${room}/members?membership=${membership}`;
        const [{ chunk }, { power }, mutes, bans] = await Promise.all([
          client.read(place, membersSchema, signal),
          rooms.power(room, signal),
          records(room, MUTE, storedMute, signal),
          status === "banned" ? records(room, BAN, storedBan, signal) : undefined,
        ]);
        const now = Date.now();
        const part = name === undefined ? undefined : foldedName(name);
        const sorted = chunk
          .flatMap((event) => {
            const record = bans?.get(event.state_key ?? "")?.record;
            if (record === undefined) return [event];
            // A ban that has ended is about to be lifted.
            if (isOver(record, now)) return [];
            return [{ ...event, content: { displayname: record.name, ...event.content } }];
          })
          .filter((event) => isNamed(event, part))
          .map((event): [[number, string], MatrixEvent] => [
            [event.origin_server_ts, event.state_key ?? ""],
            event,
          ])
          .sort(([a], [b]) => compare(a, b))
          .filter(([at]) => position === undefined || compare(at, [Number(position.at), position.id]) > 0);
        const page = sorted.slice(0, limit);
        const all = page.map(([[, user], event]) => {
          const member = toMember(room, event, power, mutes.get(user));
          return bans
            ? { ...member, ban: toBan(room, event, bans.get(user)?.record.until ?? undefined) }
            : member;
        });
        const items = all.slice(0, fittingMembers(all));
        const [last] = page[items.length - 1] ?? [];
        if (sorted.length <= items.length || !last) return { items };
        return { items, next_cursor: toCursor(scope, { at: String(last[0]), id: last[1] }) };
      });
    },
  };
}

/** Whether the user's name holds a folded part. */
function isNamed({ state_key: user = "", content }: MatrixEvent, part: string | undefined): boolean {
  if (part === undefined) return true;
  const { username, display_name } = toProfile(user, content);
  return [username, display_name].some((name) => name !== undefined && fold(name).includes(part));
}

const compare = (a: readonly [number, string], b: readonly [number, string]): number =>
  a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);
