import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import type { ChatBackend, Page } from "../chat/backend.ts";
import { errors } from "../chat/error.ts";
import type { Message } from "../chat/model.ts";
import type { LinkPreviews } from "./link-previews.ts";
import {
  eventSchema,
  fromCursor,
  isMessage,
  type MatrixEvent,
  matrixId,
  messageTypes,
  phenomIdOf,
  positions,
  toCursor,
  toMessage,
  toUser,
} from "./matrix-form.ts";
import { retryOnce } from "./retry.ts";
import { MUTE, storedMute } from "./sanctions.ts";
import { refusedWith, type SynapseClient } from "./synapse-client.ts";
import { toMember } from "./synapse-moderation.ts";
import type { SynapseRooms } from "./synapse-rooms.ts";

export interface ReadingParts {
  readonly client: SynapseClient;
  readonly rooms: SynapseRooms;
  readonly previews: LinkPreviews;
  /** Address of a piece of content, with `{id}`. */
  readonly template: string;
}

/** Events per request when others than messages have to be skipped. */
const CHUNK_SIZE = 100;
/** Requests per page; what they have found then is the page, with a cursor. */
const MAX_REQUESTS = 8;

const messagesFilter = JSON.stringify({ types: messageTypes, lazy_load_members: true });
const membersOnly = JSON.stringify({ types: ["m.room.member"], lazy_load_members: true });

const messagesSchema = z.object({
  chunk: z.array(eventSchema),
  state: z.array(eventSchema).default([]),
  end: z.string().optional(),
});
const contextSchema = z.object({ start: z.string(), event: eventSchema, state: z.array(eventSchema) });
const foundSchema = eventSchema.extend({ room_id: z.string() });
const searchSchema = z.object({
  search_categories: z.object({
    room_events: z.object({
      count: z.number().default(0),
      results: z.array(z.object({ result: foundSchema })),
    }),
  }),
});
const membersSchema = z.object({ chunk: z.array(eventSchema) });
const recordsSchema = z.object({ state: z.array(eventSchema) });

type Found = z.output<typeof foundSchema>;
type Profiles = ReadonlyMap<string, MatrixEvent>;

export interface Reading
  extends Pick<ChatBackend, "listRooms" | "getMessages" | "searchMessages" | "listMembers"> {
  /** One message as everyone sees it, with its event. */
  message(room: string, id: string, signal: AbortSignal): Promise<{ event: MatrixEvent; message: Message }>;
}

export function reading({ client, rooms, previews, template }: ReadingParts): Reading {
  const toMessages = async (
    events: readonly { roomId: string; event: MatrixEvent }[],
    profile: (roomId: string, user: string) => MatrixEvent | undefined,
    signal: AbortSignal,
  ): Promise<Message[]> => {
    const cards = await previews(
      events.flatMap(({ event }) => phenomIdOf(event, template) ?? []),
      signal,
    );
    return events.map(({ roomId, event }) =>
      toMessage({
        roomId,
        event,
        user: toUser(event.sender, profile(roomId, event.sender)?.content),
        template,
        preview: cards.get(phenomIdOf(event, template) ?? ""),
      }),
    );
  };
  const context = (room: string, id: string, signal: AbortSignal) =>
    client.read(
      `${path`/_matrix/client/v3/rooms/${room}/context/${id}`}?limit=0&filter=${encodeURIComponent(membersOnly)}`,
      contextSchema,
      signal,
    );
  /** Token from which reading continues after the last message of the previous page. */
  const after = async (room: string, position: readonly [string], signal: AbortSignal) => {
    try {
      return (await context(room, position[0], signal)).start;
    } catch (error) {
      if (refusedWith(error) === "M_FORBIDDEN") await rooms.assertMembership(room, signal);
      throw refusedWith(error) === undefined ? error : errors.badCursor();
    }
  };

  /** The results of one request after a position. */
  const search = async (
    term: string,
    room: string | undefined,
    position: readonly [number, string] | undefined,
    signal: AbortSignal,
  ) => {
    // Synapse ends its pages early if a deleted message is among the matches. Its tokens are a time and a position
    // within that millisecond, so a token made from a message's time continues there without a gap.
    const batch =
      position &&
      Buffer.from(`all\n\n${position[0] + 1},0`)
        .toString("base64")
        .replace(/=+$/, "");
    const criteria = {
      search_term: term,
      keys: ["content.body"],
      order_by: "recent",
      filter: { limit: CHUNK_SIZE, types: messageTypes, ...(room !== undefined && { rooms: [room] }) },
    };
    const request = {
      method: "POST",
      path: `/_matrix/client/v3/search${batch === undefined ? "" : `?next_batch=${encodeURIComponent(batch)}`}`,
      body: { search_categories: { room_events: criteria } },
    } as const;
    const { search_categories } = await retryOnce(() => client.send(request, searchSchema, signal), signal);
    const { count, results } = search_categories.room_events;
    const found = results.map(({ result }) => result);
    const seen = position ? found.findIndex(({ event_id }) => event_id === position[1]) : -1;
    return { count, found, fresh: found.slice(seen + 1) };
  };

  return {
    async listRooms({ include_inactive }, signal) {
      return (await rooms.list(signal)).filter(({ is_active }) => is_active || include_inactive);
    },

    async getMessages({ room_id, limit, cursor }, signal) {
      const room = matrixId("room_id", room_id);
      const position = fromCursor(positions.messages, cursor);
      return rooms.within(room, signal, async () => {
        let from = position && (await after(room, position, signal));
        const shown: MatrixEvent[] = [];
        const profiles = new Map<string, MatrixEvent>();
        let last: MatrixEvent | undefined;
        for (let round = 0; shown.length <= limit && round < MAX_REQUESTS; round++) {
          const query = new URLSearchParams({
            dir: "b",
            // One event more than requested tells whether there is a next page.
            limit: String(round === 0 ? limit + 1 : CHUNK_SIZE),
            filter: messagesFilter,
            ...(from !== undefined && { from }),
          });
          const page = await client.read(
            `${path`/_matrix/client/v3/rooms/${room}/messages`}?${query}`,
            messagesSchema,
            signal,
          );
          for (const event of page.state) profiles.set(event.state_key ?? "", event);
          shown.push(...page.chunk.filter(isMessage));
          last = page.chunk.at(-1) ?? last;
          from = page.end;
          if (from === undefined) break;
        }
        const items = await toMessages(
          shown.slice(0, limit).map((event) => ({ roomId: room, event })),
          (_, user) => profiles.get(user),
          signal,
        );
        const end = shown.length > limit ? shown[limit - 1] : from === undefined ? undefined : last;
        return { items, ...(end && { next_cursor: toCursor([end.event_id]) }) };
      });
    },

    async searchMessages({ query, room_id, user_id, limit, cursor }, signal): Promise<Page<Message>> {
      const room = room_id === undefined ? undefined : matrixId("room_id", room_id);
      const sender = user_id === undefined ? undefined : matrixId("user_id", user_id);
      let position = fromCursor(positions.search, cursor);
      // Synapse finds nothing in rooms without our account and answers an invalid id with an error.
      if (room !== undefined) await rooms.assertMembership(room, signal);
      const shown: Found[] = [];
      let complete = false;
      for (let round = 0; shown.length <= limit && !complete && round < MAX_REQUESTS; round++) {
        const { count, found, fresh } = await search(query, room, position, signal);
        shown.push(...fresh.filter((event) => isMessage(event) && (sender ?? event.sender) === event.sender));
        const last = fresh.at(-1);
        complete = last === undefined || (position === undefined && found.length === count);
        if (last) position = [last.origin_server_ts, last.event_id];
      }
      const page = shown.slice(0, limit);
      const profiles = await senders(page, signal);
      const items = await toMessages(
        page.map((event) => ({ roomId: event.room_id, event })),
        (roomId, user) => profiles.get(`${roomId} ${user}`),
        signal,
      );
      const end = shown.length > limit ? shown[limit - 1] : undefined;
      if (end) return { items, next_cursor: toCursor([end.origin_server_ts, end.event_id]) };
      return { items, ...(!complete && position && { next_cursor: toCursor(position) }) };
    },

    async listMembers({ room_id, limit, cursor }, signal) {
      const room = matrixId("room_id", room_id);
      const position = fromCursor(positions.members, cursor);
      return rooms.within(room, signal, async () => {
        const [{ chunk }, { power }, mutes] = await Promise.all([
          client.read(path`/_matrix/client/v3/rooms/${room}/members?membership=join`, membersSchema, signal),
          rooms.power(room, signal),
          client.find(path`/_synapse/admin/v1/rooms/${room}/state?type=${MUTE}`, recordsSchema, signal),
        ]);
        const records = new Map(
          (mutes?.state ?? []).flatMap((event) => {
            const stored = storedMute(event);
            return stored ? [[stored.user, stored]] : [];
          }),
        );
        const sorted = chunk
          .map((event): [[number, string], MatrixEvent] => [
            [event.origin_server_ts, event.state_key ?? ""],
            event,
          ])
          .sort(([a], [b]) => compare(a, b))
          .filter(([place]) => position === undefined || compare(place, position) > 0);
        const page = sorted.slice(0, limit);
        const items = page.map(([[, user], event]) => toMember(room, event, power, records.get(user)));
        const last = page.at(-1);
        return { items, ...(sorted.length > limit && last && { next_cursor: toCursor(last[0]) }) };
      });
    },

    async message(room, id, signal) {
      const { event, state } = await context(room, id, signal);
      const profile = state.find(({ state_key }) => state_key === event.sender);
      const [message] = await toMessages([{ roomId: room, event }], () => profile, signal);
      if (!message) throw errors.noMessage(id);
      return { event, message };
    },
  };

  /** The senders' profiles in the rooms of the results. */
  async function senders(events: readonly Found[], signal: AbortSignal): Promise<Profiles> {
    const pairs = new Map(
      events.map(({ room_id, sender }): [string, [string, string]] => [
        `${room_id} ${sender}`,
        [room_id, sender],
      ]),
    );
    const found = await Promise.all(
      [...pairs].map(async ([key, [room, user]]): Promise<[string, MatrixEvent][]> => {
        const event = await rooms.state(room, "m.room.member", user, signal);
        return event ? [[key, event]] : [];
      }),
    );
    return new Map(found.flat());
  }
}

const compare = (a: readonly [number, string], b: readonly [number, string]): number =>
  a[0] - b[0] || (a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0);
