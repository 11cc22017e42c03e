import * as z from "zod";
import { path } from "../../shared/matrix.ts";
import { errors } from "../chat/error.ts";
import { eventSchema, isMessage, type MatrixEvent, messageTypes } from "./matrix-form.ts";
import { refusedWith, type SynapseClient } from "./synapse-client.ts";
import type { SynapseRooms } from "./synapse-rooms.ts";

/** Most events that Synapse returns for one request. */
const MAX_EVENTS = 1000;

const membersOnly = JSON.stringify({ types: ["m.room.member"], lazy_load_members: true });

const messagesSchema = z.object({
  chunk: z.array(eventSchema),
  state: z.array(eventSchema).default([]),
  end: z.string().optional(),
});
const contextSchema = z.object({
  start: z.string(),
  end: z.string(),
  event: eventSchema,
  events_before: z.array(eventSchema).default([]),
  events_after: z.array(eventSchema).default([]),
  state: z.array(eventSchema).default([]),
});
const nearestSchema = z.object({ event_id: z.string() });

export type TimelinePage = z.output<typeof messagesSchema>;
export type Context = z.output<typeof contextSchema>;

/** `b` reads towards the past, `f` towards the present. */
export type Direction = "b" | "f";

/** A place in the order of search results: time and id of an event, newest first. */
export interface Place {
  readonly at: number;
  readonly id: string;
}

export interface FoundEvent {
  readonly roomId: string;
  readonly event: MatrixEvent;
}

/** Whether `event` comes after `place`, newest first. */
export const isAfter = ({ origin_server_ts, event_id }: MatrixEvent, place: Place): boolean =>
  origin_server_ts < place.at || (origin_server_ts === place.at && event_id < place.id);

/** Messages of one millisecond in the order of their ids, which a cursor can continue. */
export const byPlace = (a: MatrixEvent, b: MatrixEvent): number =>
  b.origin_server_ts - a.origin_server_ts || (a.event_id < b.event_id ? 1 : -1);

export const newestFirst = (a: FoundEvent, b: FoundEvent): number => byPlace(a.event, b.event);

const isOneMillisecond = (events: readonly MatrixEvent[]): boolean =>
  events.every(({ origin_server_ts }) => origin_server_ts === events[0]?.origin_server_ts);

/** Reads rooms' timelines. */
export function timeline(client: SynapseClient, rooms: SynapseRooms) {
  const page = (
    room: string,
    query: { readonly dir: Direction; readonly limit: number; readonly from?: string | undefined },
    senders: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<TimelinePage> => {
    const filter = { types: messageTypes, lazy_load_members: true, ...(senders && { senders }) };
    const parameters = new URLSearchParams({
      dir: query.dir,
      limit: String(Math.min(query.limit, MAX_EVENTS)),
      filter: JSON.stringify(filter),
      ...(query.from !== undefined && { from: query.from }),
    });
    const place = `${path`/_matrix/client/v3/rooms/${room}/messages`}?${parameters}`;
    return client.read(place, messagesSchema, signal);
  };
  /** An event with up to `limit` messages around it. */
  const context = (room: string, id: string, limit: number, signal: AbortSignal): Promise<Context> => {
    const filter =
      limit === 0 ? membersOnly : JSON.stringify({ types: messageTypes, lazy_load_members: true });
    const place = path`/_matrix/client/v3/rooms/${room}/context/${id}`;
    return client.read(`${place}?limit=${limit}&filter=${encodeURIComponent(filter)}`, contextSchema, signal);
  };
  /** The token from which reading continues after an event that a cursor names. */
  const after = async (room: string, id: string, dir: Direction, signal: AbortSignal): Promise<string> => {
    try {
      const { start, end } = await context(room, id, 0, signal);
      return dir === "b" ? start : end;
    } catch (error) {
      if (refusedWith(error) === "M_FORBIDDEN") await rooms.assertMembership(room, signal);
      throw refusedWith(error) === undefined ? error : errors.badCursor();
    }
  };
  /** The token from which reading begins at a time; undefined if there is nothing on that side of it. */
  const at = async (room: string, time: number, dir: Direction, signal: AbortSignal) => {
    const place = path`/_matrix/client/v1/rooms/${room}/timestamp_to_event`;
    const nearest = await client.find(`${place}?ts=${time}&dir=${dir}`, nearestSchema, signal);
    if (!nearest) return undefined;
    const { start, end } = await context(room, nearest.event_id, 0, signal);
    return dir === "b" ? end : start;
  };

  /**
   * The messages of several rooms, newest first, from `until` on. It ends when the rooms end, and before a request too
   * many: then `complete` is false in what it returns.
   */
  async function* across(
    roomIds: readonly string[],
    options: {
      readonly until: number | undefined;
      readonly senders?: readonly string[];
      readonly chunk: number;
      readonly requests: number;
    },
    signal: AbortSignal,
  ): AsyncGenerator<FoundEvent & { readonly profile: MatrixEvent | undefined }, boolean> {
    // The merge needs at least one message of each room.
    const left = { requests: roomIds.length + options.requests };
    const heads = await Promise.all(
      roomIds.map(async (roomId) => {
        const from = options.until === undefined ? undefined : await at(roomId, options.until, "b", signal);
        const isEmpty = options.until !== undefined && from === undefined;
        return {
          roomId,
          from,
          ended: isEmpty,
          waiting: [] as MatrixEvent[],
          profiles: new Map<string, MatrixEvent>(),
        };
      }),
    );
    for (;;) {
      for (const head of heads) {
        // Synapse orders one millisecond otherwise, so all its messages must be there before the first is told.
        while (!head.ended && isOneMillisecond(head.waiting)) {
          if (left.requests <= 0) return false;
          left.requests -= 1;
          const { roomId, from } = head;
          const read = await page(roomId, { dir: "b", limit: options.chunk, from }, options.senders, signal);
          for (const event of read.state) head.profiles.set(event.state_key ?? "", event);
          head.waiting.push(...read.chunk.filter(isMessage));
          head.from = read.end;
          head.ended = read.end === undefined;
          head.waiting.sort(byPlace);
        }
      }
      const [next] = heads
        .flatMap((head) => {
          const [event] = head.waiting;
          return event ? [{ head, roomId: head.roomId, event }] : [];
        })
        .sort(newestFirst);
      if (!next) return true;
      next.head.waiting.shift();
      const profile = next.head.profiles.get(next.event.sender);
      yield { roomId: next.roomId, event: next.event, profile };
    }
  }

  return { page, context, after, at, across };
}

export type Timeline = ReturnType<typeof timeline>;
