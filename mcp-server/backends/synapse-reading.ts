import type { ChatBackend, MessagesQuery, Page } from "../chat/backend.ts";
import { fromCursor, toCursor } from "../chat/cursor.ts";
import { errors } from "../chat/error.ts";
import { fittingMessages } from "../chat/lines.ts";
import type { Message } from "../chat/model.ts";
import type { LinkPreviews } from "./link-previews.ts";
import {
  isEventId,
  isMessage,
  type MatrixEvent,
  matrixId,
  phenomIdOf,
  toMessage,
  toProfile,
} from "./matrix-form.ts";
import { refusedWith } from "./synapse-client.ts";
import type { SynapseRooms } from "./synapse-rooms.ts";
import type { FoundEvent, Timeline } from "./synapse-timeline.ts";

export interface ReadingParts {
  readonly rooms: SynapseRooms;
  readonly timeline: Timeline;
  readonly previews: LinkPreviews;
  /** Address of a piece of content, with `{id}`. */
  readonly template: string;
}

/** Events per request when others than messages have to be skipped. */
const CHUNK_SIZE = 100;
/** Requests per page; what they have found then is the page, with a cursor. */
const MAX_REQUESTS = 8;

type ProfileOf = (roomId: string, user: string) => MatrixEvent | undefined;

export interface Reading extends Pick<ChatBackend, "listRooms" | "getMessages"> {
  /** One message as everyone sees it, with its event. */
  message(room: string, id: string, signal: AbortSignal): Promise<{ event: MatrixEvent; message: Message }>;
  /** Events as messages, with previews of what they link. */
  toMessages(events: readonly FoundEvent[], profile: ProfileOf, signal: AbortSignal): Promise<Message[]>;
}

export function reading({ rooms, timeline, previews, template }: ReadingParts): Reading {
  const toMessages: Reading["toMessages"] = async (events, profile, signal) => {
    const cards = await previews(
      events.flatMap(({ event }) => phenomIdOf(event, template) ?? []),
      signal,
    );
    return events.map(({ roomId, event }) =>
      toMessage({
        roomId,
        event,
        profile: toProfile(event.sender, profile(roomId, event.sender)?.content),
        template,
        preview: cards.get(phenomIdOf(event, template) ?? ""),
      }),
    );
  };

  /** The messages around one, which must be there. */
  const around = async (room: string, id: string, query: Asked, signal: AbortSignal) => {
    const found = await timeline
      .context(room, id, 2 * query.limit + 2, signal)
      .catch(async (error: unknown) => {
        if (refusedWith(error) === undefined) throw error;
        await rooms.assertMembership(room, signal);
        throw errors.noMessage(id, "around");
      });
    if (!isMessage(found.event)) throw errors.noMessage(id, "around");
    const older = found.events_before.filter(isMessage);
    const newer = found.events_after.filter(isMessage);
    const before = Math.ceil(query.limit / 2) - 1;
    const after = Math.floor(query.limit / 2);
    const [past, future] = [older.slice(0, before), newer.slice(0, after)];
    const shown =
      query.dir === "b"
        ? [...future.reverse(), found.event, ...past]
        : [...past.reverse(), found.event, ...future];
    const isMore = query.dir === "b" ? older.length > before : newer.length > after;
    const profiles = new Map(found.state.map((event) => [event.state_key ?? "", event]));
    return { shown, isMore, profiles };
  };

  /** Messages from a token on, in one direction, within a period. */
  const onwards = async (room: string, query: Asked, token: string | undefined, signal: AbortSignal) => {
    const profiles = new Map<string, MatrixEvent>();
    const shown: MatrixEvent[] = [];
    const isPast = (event: MatrixEvent) =>
      query.dir === "b" ? event.origin_server_ts < query.since : event.origin_server_ts >= query.until;
    const isWithin = ({ origin_server_ts: at }: MatrixEvent) => at >= query.since && at < query.until;
    let from = token;
    let last: MatrixEvent | undefined;
    for (let round = 0; shown.length <= query.limit && round < MAX_REQUESTS; round++) {
      // One event more than requested tells whether there is a next page.
      const limit = round === 0 ? query.limit + 1 : CHUNK_SIZE;
      const page = await timeline.page(room, { dir: query.dir, limit, from }, undefined, signal);
      for (const event of page.state) profiles.set(event.state_key ?? "", event);
      shown.push(...page.chunk.filter((event) => isMessage(event) && isWithin(event)));
      last = page.chunk.at(-1) ?? last;
      from = page.chunk.some(isPast) ? undefined : page.end;
      if (from === undefined) break;
    }
    const isMore = shown.length > query.limit;
    // The requests are used up before the page is full: the next page goes on where they ended.
    const rest = !isMore && from !== undefined ? last : undefined;
    return { shown: shown.slice(0, query.limit), isMore, rest, profiles };
  };

  /** The token at which a first page begins; `false` if nothing is there. */
  const beginning = async (
    room: string,
    query: Asked,
    { since, until }: MessagesQuery,
    signal: AbortSignal,
  ) => {
    const time =
      query.dir === "b"
        ? until === undefined
          ? undefined
          : query.until - 1
        : since === undefined
          ? undefined
          : query.since;
    if (time === undefined) return undefined;
    return (await timeline.at(room, time, query.dir, signal)) ?? false;
  };

  return {
    toMessages,
    async listRooms({ include_inactive }, signal) {
      return (await rooms.list(signal)).filter(({ is_active }) => is_active || include_inactive);
    },

    async getMessages(request, signal): Promise<Page<Message>> {
      const { order = "newest", since, until, limit, cursor } = request;
      const room = matrixId("room_id", request.room_id);
      const center = request.around === undefined ? undefined : matrixId("around", request.around);
      const scope = ["messages", room, order, since, until, center];
      const position = fromCursor(scope, cursor, isEventId);
      const query: Asked = {
        dir: order === "newest" ? "b" : "f",
        limit,
        since: since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since),
        until: until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until),
      };
      return rooms.within(room, signal, async () => {
        const cut = async ({ shown, isMore, rest, profiles }: Read): Promise<Page<Message>> => {
          const all = await toMessages(
            shown.map((event) => ({ roomId: room, event })),
            (_, user) => profiles.get(user),
            signal,
          );
          const items = all.slice(0, fittingMessages(all));
          const end = isMore || items.length < shown.length ? shown[items.length - 1] : rest;
          if (!end) return { items };
          const place = { at: String(end.origin_server_ts), id: end.event_id };
          return { items, next_cursor: toCursor(scope, place) };
        };
        if (position) {
          const token = await timeline.after(room, position.id, query.dir, signal);
          return cut(await onwards(room, query, token, signal));
        }
        if (center !== undefined) return cut(await around(room, center, query, signal));
        const token = await beginning(room, query, request, signal);
        if (token !== false) return cut(await onwards(room, query, token, signal));
        return { items: [] };
      });
    },

    async message(room, id, signal) {
      const { event, state } = await timeline.context(room, id, 0, signal);
      const profile = state.find(({ state_key }) => state_key === event.sender);
      const [message] = await toMessages([{ roomId: room, event }], () => profile, signal);
      if (!message) throw errors.noMessage(id);
      return { event, message };
    },
  };
}

interface Asked {
  readonly dir: "b" | "f";
  readonly limit: number;
  /** Milliseconds, or infinite. */
  readonly since: number;
  readonly until: number;
}

interface Read {
  readonly shown: readonly MatrixEvent[];
  readonly isMore: boolean;
  readonly rest?: MatrixEvent | undefined;
  readonly profiles: ReadonlyMap<string, MatrixEvent>;
}
