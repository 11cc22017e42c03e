import * as z from "zod";
import { type Random, seeded } from "./random.ts";

const count = z.int().min(1);

/** The load on both implementations. The same data gives the same operations in the same order. */
export const workloadSchema = z.strictObject({
  seed: z.int().min(0),
  rooms: count.max(100),
  /** Moderated people per room: every other one is muted, the rest are banned. */
  people: z.int().min(2).max(1000),
  senders: count.max(1000),
  readers: count.max(1000),
  messagesPerSecond: z.number().positive().max(10_000),
  /** Reads (pages of a room, searches, member lists) per message. */
  readsPerMessage: z.number().min(0).max(1000),
  /** Moderations (deletions, mutes, bans and undoing the latter two) per message. */
  moderationShare: z.number().min(0).max(1),
  warmUpSeconds: z.number().min(0).max(3600),
  seconds: z.number().positive().max(3600),
  /** Callers and seconds of the closed loop, which finds the maximum throughput; 0 seconds skips it. */
  saturation: z.strictObject({ callers: count.max(1000), seconds: z.number().min(0).max(3600) }),
  /** The largest number of waiting apps, 0 for none, and messages that are sent to each number of them. */
  delivery: z.strictObject({ receivers: z.int().min(0).max(1000), messages: count.max(1000) }),
});
export type Workload = z.infer<typeof workloadSchema>;

/** Kinds of operations, measured separately. */
export const kinds = ["send", "read", "search", "members", "delete", "mute", "ban"] as const;
export type Kind = (typeof kinds)[number];

interface Timed {
  /** Position in the sequence, from 0. */
  readonly index: number;
  /** When it is due, in milliseconds from the start. */
  readonly at: number;
  /** Caller number: first the senders, then the readers, last the one moderator. */
  readonly caller: number;
  /** Index of the operation on the same message or person that has to finish first. */
  readonly after?: number;
}
export type Operation = Timed &
  (
    | { readonly kind: "send"; readonly room: number; readonly content: string }
    | { readonly kind: "read" | "members"; readonly room: number }
    | { readonly kind: "search"; readonly room: number; readonly query: string }
    | { readonly kind: "delete"; readonly message: number }
    | {
        readonly kind: "mute" | "ban";
        readonly room: number;
        readonly person: number;
        /** `false` undoes it. */
        readonly on: boolean;
      }
  );
export type Sanction = Extract<Operation, { kind: "mute" | "ban" }>;

export const callers = ({ senders, readers }: Workload): number => senders + readers + 1;

/** An endless sequence of operations in the order in which they are due. Arrivals are random, as people's are. */
export function* operations(workload: Workload, seed = workload.seed): Generator<Operation, never> {
  const { messagesPerSecond, readsPerMessage, moderationShare } = workload;
  const random = seeded(seed);
  const perMessage = 1 + readsPerMessage + moderationShare;
  const moderate = moderator(workload, random);
  let seconds = 0;
  for (let index = 0; ; index++) {
    seconds += random.gap(messagesPerSecond * perMessage);
    const at = seconds * 1000;
    const draw = random.unit() * perMessage;
    const room = random.integer(workload.rooms);
    if (draw < 1) {
      moderate.sent(index);
      yield {
        kind: "send",
        index,
        at,
        caller: random.integer(workload.senders),
        room,
        content: text(random),
      };
    } else if (draw < 1 + readsPerMessage) {
      const caller = workload.senders + random.integer(workload.readers);
      yield { index, at, caller, room, ...reading(random) };
    } else yield { index, at, caller: callers(workload) - 1, ...moderate.next(index, room) };
  }
}

/** Of ten reads, eight are pages of a room, one is a search, one lists the members. */
function reading(random: Random) {
  const draw = random.integer(10);
  if (draw === 0) return { kind: "search" as const, query: random.pick(words) };
  return { kind: draw === 1 ? ("members" as const) : ("read" as const) };
}

/** Keeps the state of moderation: a muted person is unmuted next, and no message is deleted twice. */
function moderator({ people }: Workload, random: Random) {
  const messages: number[] = [];
  const done = new Map<string, { on: boolean; index: number }>();
  return {
    sent: (index: number) => void messages.push(index),
    next(index: number, room: number) {
      const draw = random.integer(3);
      const person = random.integer(people);
      const [message] = messages.length > 0 ? messages.splice(random.integer(messages.length), 1) : [];
      if (draw === 0 && message !== undefined) return { kind: "delete" as const, message, after: message };
      const before = done.get(`${room} ${person}`);
      const on = !before?.on;
      done.set(`${room} ${person}`, { on, index });
      const kind = person % 2 === 0 ? ("mute" as const) : ("ban" as const);
      return { kind, room, person, on, ...(before && { after: before.index }) };
    },
  };
}

/** The operations that are due within a time. */
export function dueWithin(sequence: Iterable<Operation>, seconds: number): Operation[] {
  const due: Operation[] = [];
  for (const operation of sequence) {
    if (operation.at >= seconds * 1000) break;
    due.push(operation);
  }
  return due;
}

/** Mutes and bans that are active after these operations. */
export function activeSanctions(done: readonly Operation[]): Sanction[] {
  const last = new Map<string, Sanction>();
  for (const operation of done)
    if (operation.kind === "mute" || operation.kind === "ban")
      last.set(`${operation.room} ${operation.person}`, operation);
  return [...last.values()].filter(({ on }) => on);
}

const words =
  "about again aurora because before bright camera cloud coast comet could craft dark down drone east every evening first flash found friend front glow good hour house hover image into just later light lights little long look maybe meteor minute moon morning moved near never night north object only orange other over people phone place plane planet post quiet really right same saw seen seven shape sharp short should sighting silent since sky slow small something sound south speed star still stop story strange street sure swarm talk tell than thanks that then there these thing think this three time today tonight took town tree triangle turn under until upload video view wait watch week west what when where which while white wind window with witness work would yellow yesterday".split(
    " ",
  );

/** Text of a typical length for a chat: mostly a line, sometimes a paragraph. */
function text(random: Random): string {
  const length = 3 + Math.floor(random.gap(1) * 9);
  return Array.from({ length: Math.min(length, 120) }, () => random.pick(words)).join(" ");
}
