import * as z from "zod";
import { withDeadline } from "../../shared/deadline.ts";
import type { ChatBackend, SearchPage } from "../chat/backend.ts";
import { fromCursor, toCursor } from "../chat/cursor.ts";
import { ChatError, errors } from "../chat/error.ts";
import { fittingMessages } from "../chat/lines.ts";
import { matches, NOTHING_SEARCHABLE, type ParsedQuery, parseQuery } from "../chat/search-query.ts";
import {
  eventSchema,
  isEventId,
  isMessage,
  type MatrixEvent,
  matrixId,
  messageTypes,
} from "./matrix-form.ts";
import { retryOnce } from "./retry.ts";
import type { SynapseClient } from "./synapse-client.ts";
import type { Reading } from "./synapse-reading.ts";
import type { SynapseRooms } from "./synapse-rooms.ts";
import { NAME } from "./synapse-session.ts";
import {
  byPlace,
  type FoundEvent,
  isAfter,
  newestFirst,
  type Place,
  type Timeline,
} from "./synapse-timeline.ts";

export interface SearchParts {
  readonly client: SynapseClient;
  readonly rooms: Pick<SynapseRooms, "assertMembership" | "joined" | "state">;
  readonly timeline: Pick<Timeline, "across">;
  readonly toMessages: Reading["toMessages"];
  /** Whether the homeserver knows the user. */
  readonly exists: (user: string, signal: AbortSignal) => Promise<boolean>;
}

/** Results of one request to Synapse's index. */
const CHUNK_SIZE = 100;
/** Requests to the index for one page; what they have found then is the page, with a cursor. */
const MAX_REQUESTS = 8;
/** Milliseconds for the other forms of words that fill a page already. */
const FORMS_MS = 2_000;
/** Messages that are read one by one for each page, for what the index cannot find: events per request, requests. */
const SCAN = { chunk: 500, requests: 4 };

const foundSchema = eventSchema.extend({ room_id: z.string() });
const searchSchema = z.object({
  search_categories: z.object({
    room_events: z.object({
      count: z.number().default(0),
      results: z.array(z.object({ result: foundSchema })),
    }),
  }),
});

interface Asked {
  readonly rooms: readonly string[];
  readonly room: string | undefined;
  readonly sender: string | undefined;
  readonly since: number;
  /** The place after which the page begins. */
  readonly from: Place | undefined;
  readonly limit: number;
}

/** Newest first, one more than a page has if there are more; `reached` is the place up to which all is known. */
interface Found {
  readonly events: readonly FoundEvent[];
  readonly reached: Place | undefined;
  readonly complete: boolean;
}

const NOTHING: Found = { events: [], reached: undefined, complete: true };

/**
 * Search on Synapse. Its index has whole words in the forms of English, with accents. What else can be searched for is
 * found by reading the messages themselves, as far back as the time of a call allows.
 */
export function searching(parts: SearchParts): Pick<ChatBackend, "searchMessages"> {
  const { client, rooms, timeline, toMessages } = parts;

  /** Messages that `fits` accepts, read one by one. */
  const scan = async (
    asked: Asked,
    fits: (event: MatrixEvent) => boolean,
    scope: { readonly chunk: number; readonly requests: number },
    signal: AbortSignal,
  ): Promise<Found & { readonly profiles: Map<string, MatrixEvent> }> => {
    const events: FoundEvent[] = [];
    const profiles = new Map<string, MatrixEvent>();
    let reached = asked.from;
    const senders = asked.sender === undefined ? {} : { senders: [asked.sender] };
    const options = { until: asked.from?.at, ...senders, ...scope };
    const stream = timeline.across(asked.rooms, options, signal);
    for (;;) {
      const next = await stream.next();
      if (next.done) return { events, reached, complete: next.value, profiles };
      const { event, roomId, profile } = next.value;
      if (event.origin_server_ts < asked.since) return { events, reached, complete: true, profiles };
      if (asked.from && !isAfter(event, asked.from)) continue;
      reached = { at: event.origin_server_ts, id: event.event_id };
      if (!fits(event)) continue;
      if (profile) profiles.set(`${roomId} ${event.sender}`, profile);
      events.push({ roomId, event });
      if (events.length > asked.limit) return { events, reached, complete: false, profiles };
    }
  };

  /** One request to the index. */
  const ask = async (
    term: string,
    room: string | undefined,
    from: Place | undefined,
    signal: AbortSignal,
  ) => {
    // Synapse ends its pages early if a deleted message is among the matches. Its tokens are a time and a position
    // within that millisecond, so a token made from a message's time continues there without a gap.
    const batch =
      from &&
      Buffer.from(`all\n\n${from.at + 1},0`)
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
    return search_categories.room_events;
  };

  /** What the index finds. */
  const lookUp = async (term: string, asked: Asked, signal: AbortSignal): Promise<Found> => {
    const events: FoundEvent[] = [];
    let reached = asked.from;
    for (let round = 0; round < MAX_REQUESTS; round++) {
      const { count, results } = await ask(term, asked.room, reached, signal);
      const found = results.map(({ result }) => result);
      const isWhole = asked.from === undefined && round === 0 && found.length === count;
      const place = reached;
      const fresh = found.filter((event) => !place || isAfter(event, place)).sort(byPlace);
      // The index orders one millisecond otherwise: the next request has all messages of the last one.
      const last = fresh.at(-1)?.origin_server_ts;
      const settled = isWhole ? fresh : fresh.filter(({ origin_server_ts }) => origin_server_ts !== last);
      for (const event of settled.length > 0 ? settled : fresh) {
        if (event.origin_server_ts < asked.since) return { events, reached, complete: true };
        reached = { at: event.origin_server_ts, id: event.event_id };
        if (!isMessage(event) || (asked.sender ?? event.sender) !== event.sender) continue;
        events.push({ roomId: event.room_id, event });
        if (events.length > asked.limit) return { events, reached, complete: false };
      }
      if (fresh.length === 0 || isWhole) return { events, reached, complete: true };
    }
    return { events, reached, complete: false };
  };

  /** Both: what was read, and what the index knows. */
  const find = async (query: ParsedQuery, term: string, asked: Asked, signal: AbortSignal) => {
    const fits = (event: MatrixEvent) => {
      const { body } = event.content;
      return typeof body === "string" && matches(query, body);
    };
    const read = await scan(asked, fits, SCAN, signal);
    if (!query.hasWords) return read;
    // The index knows other forms of a word, and messages beyond those that were read. Where these fill the page, only the
    // forms between them are missing.
    const isFull = read.events.length > asked.limit;
    const answered = isFull
      ? await formsWithin(term, asked, read.events.at(-1), signal)
      : await lookUp(term, asked, signal);
    const indexed = answered ?? NOTHING;
    const known = new Set(read.events.map(({ event }) => event.event_id));
    const events = [...read.events, ...indexed.events.filter(({ event }) => !known.has(event.event_id))]
      // What the index has not reached yet is for the next page.
      .filter(({ event }) => indexed.complete || !indexed.reached || !isAfter(event, indexed.reached))
      .sort(newestFirst);
    return {
      events,
      reached: indexed.complete ? undefined : indexed.reached,
      complete: indexed.complete && !isFull,
      byIndex: !read.complete && !isFull,
      lacksForms: answered === undefined,
      profiles: read.profiles,
      readTo: read.reached,
    };
  };

  /**
   * What the index finds from the newest message down to `last`; `undefined` where a common word among millions of messages
   * takes too long: the page is full already.
   */
  const formsWithin = async (
    term: string,
    asked: Asked,
    last: FoundEvent | undefined,
    signal: AbortSignal,
  ): Promise<Found | undefined> => {
    const since = Math.max(asked.since, last?.event.origin_server_ts ?? asked.since);
    try {
      const late = () => errors.timeout(NAME);
      return await withDeadline(signal, FORMS_MS, late, (inner) => lookUp(term, { ...asked, since }, inner));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ChatError && error.code === "timeout") return undefined;
      throw error;
    }
  };

  return {
    async searchMessages(request, signal): Promise<SearchPage> {
      const { query, limit, since, until, cursor } = request;
      const room = request.room_id === undefined ? undefined : matrixId("room_id", request.room_id);
      const sender = request.user_id === undefined ? undefined : matrixId("user_id", request.user_id);
      const scope = ["search", query, room, sender, since, until];
      const position = fromCursor(scope, cursor, isEventId);
      // Synapse finds nothing in rooms without our account and answers an invalid id with an error.
      if (room !== undefined) await rooms.assertMembership(room, signal);
      const parsed = query === undefined ? undefined : parseQuery(query);
      if (query !== undefined && parsed === undefined) return { items: [], hint: NOTHING_SEARCHABLE };
      const asked: Asked = {
        rooms: room === undefined ? await rooms.joined(signal) : [room],
        room,
        sender,
        since: since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since),
        // The last place before a time: no event id sorts before "$".
        from: position
          ? { at: Number(position.at), id: position.id }
          : until === undefined
            ? undefined
            : { at: Date.parse(until), id: "" },
        limit,
      };
      const found =
        parsed === undefined || query === undefined
          ? await scan(asked, () => true, { chunk: limit + 2, requests: MAX_REQUESTS }, signal)
          : await find(parsed, query, asked, signal);
      const isFirst = cursor === undefined;
      if (found.events.length === 0 && isFirst && sender !== undefined)
        if (!(await parts.exists(sender, signal))) throw errors.noUser(sender);
      const all = await shown(found.events.slice(0, limit), found.profiles, signal);
      const items = all.slice(0, fittingMessages(all));
      const end = items.length < found.events.length ? placeOf(found.events[items.length - 1]) : undefined;
      const rest = end ?? (found.complete ? undefined : found.reached);
      const hint = hintOf(found, parsed, rest);
      return {
        items,
        ...(rest && { next_cursor: toCursor(scope, { at: String(rest.at), id: rest.id }) }),
        ...(hint !== undefined && { hint }),
      };
    },
  };

  /** Events as messages; a profile that was not read with them is asked for. */
  async function shown(
    events: readonly FoundEvent[],
    profiles: ReadonlyMap<string, MatrixEvent>,
    signal: AbortSignal,
  ) {
    const missing = new Map(
      events.map(({ roomId, event }): [string, [string, string]] => [
        `${roomId} ${event.sender}`,
        [roomId, event.sender],
      ]),
    );
    for (const key of profiles.keys()) missing.delete(key);
    const asked = await Promise.all(
      [...missing].map(async ([key, [room, user]]): Promise<[string, MatrixEvent][]> => {
        const event = await rooms.state(room, "m.room.member", user, signal);
        return event ? [[key, event]] : [];
      }),
    );
    const known = new Map([...profiles, ...asked.flat()]);
    return toMessages(events, (roomId, user) => known.get(`${roomId} ${user}`), signal);
  }
}

const placeOf = (found: FoundEvent | undefined): Place | undefined =>
  found && { at: found.event.origin_server_ts, id: found.event.event_id };

/** Tells what a page may lack. */
function hintOf(
  found: {
    readonly byIndex?: boolean;
    readonly lacksForms?: boolean;
    readonly complete: boolean;
    readonly readTo?: Place | undefined;
  },
  query: ParsedQuery | undefined,
  rest: Place | undefined,
): string | undefined {
  if (query === undefined) return undefined;
  if (found.lacksForms)
    return "Messages that have the words in another form only, such as the plural, are missing here, because looking for them took too long. Search for that form by itself.";
  if (found.byIndex && found.readTo)
    return `Messages before ${new Date(found.readTo.at).toISOString()} were found by whole words only, with their accents. To search others in full, give until.`;
  if (!query.hasWords && !found.complete && rest)
    return `Searched back to ${new Date(rest.at).toISOString()}; next_cursor goes on from there.`;
  return undefined;
}
