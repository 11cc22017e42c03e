import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import type { McpClient } from "./mcp-client.ts";
import type { Kind, Operation } from "./workload.ts";
import { PAGE, type World } from "./world.ts";

/** One operation as it went. */
export interface Sample {
  readonly kind: Kind;
  /** Milliseconds from the beginning to when it was due; without a set rate, to when it began. */
  readonly at: number;
  /** Milliseconds from when it was due to its answer: waiting for a stalled server counts. */
  readonly latency: number;
  readonly error?: string;
}

export interface Drive {
  readonly samples: readonly Sample[];
  readonly done: readonly Operation[];
  /** Milliseconds from the beginning to the last answer. */
  readonly took: number;
  /** Milliseconds by which each operation was begun later than it was due because this process was busy. */
  readonly lateness: readonly number[];
  /** Ids of the messages that were sent and not deleted, by number of their room. */
  readonly sent: ReadonlyMap<number, ReadonlySet<string>>;
}

const sentSchema = z.object({ message: z.object({ id: z.string() }) });

/** Begins every operation when it is due, whatever has become of the ones before. */
export async function atSetRate(
  list: readonly Operation[],
  client: McpClient,
  world: World,
  run: string,
): Promise<Drive> {
  const executor = execution(client, world, run);
  const begin = performance.now();
  const lateness: number[] = [];
  const running: Promise<void>[] = [];
  for (const operation of list) {
    const due = begin + operation.at;
    const early = due - performance.now();
    if (early > 0) await wait(early);
    lateness.push(Math.max(0, performance.now() - due));
    running.push(executor.execute(operation, operation.at, due));
  }
  await Promise.all(running);
  return { ...executor.outcome(), done: list, took: performance.now() - begin, lateness };
}

/** Keeps a number of callers busy without a pause, with the operations in their order, for some seconds. */
export async function withoutPause(
  sequence: Iterator<Operation>,
  saturation: { readonly callers: number; readonly seconds: number },
  client: McpClient,
  world: World,
  run: string,
): Promise<Drive> {
  const executor = execution(client, world, run);
  const begin = performance.now();
  const done: Operation[] = [];
  const caller = async () => {
    for (;;) {
      const now = performance.now();
      const next = sequence.next();
      if (next.done || now - begin >= saturation.seconds * 1000) return;
      done.push(next.value);
      await executor.execute(next.value, now - begin, now);
    }
  };
  await Promise.all(Array.from({ length: saturation.callers }, caller));
  return { ...executor.outcome(), done, took: performance.now() - begin, lateness: [] };
}

/** Lifts what a step left behind. */
export async function lift(left: readonly Operation[], client: McpClient, world: World): Promise<void> {
  const executor = execution(client, world, "lift");
  for (const operation of left)
    if (operation.kind === "mute" || operation.kind === "ban") {
      const { after: _, ...rest } = operation;
      await executor.execute({ ...rest, on: false }, 0, 0);
    }
}

/** Turns operations into calls of tools, and keeps what became of them. */
function execution(client: McpClient, world: World, run: string) {
  const samples: Sample[] = [];
  const messages = new Map<number, { room: number; id: string }>();
  const finished = new Map<number, Promise<unknown>>();
  const deleted = new Set<number>();

  const call = (operation: Operation) => {
    const { tool, args } = toolCall(operation, world, run, (index) => messages.get(index)?.id);
    return client.call(operation.caller, tool, args);
  };
  const execute = async (operation: Operation, at: number, due: number) => {
    const { kind, index, after } = operation;
    let end: (value: unknown) => void = () => {};
    finished.set(index, new Promise((resolve) => (end = resolve)));
    if (after !== undefined) await finished.get(after);
    const answer = await call(operation);
    samples.push({ kind, at, latency: performance.now() - due, ...(!answer.ok && { error: answer.error }) });
    if (kind === "send" && answer.ok)
      messages.set(index, { room: operation.room, id: sentSchema.parse(answer.result).message.id });
    // One whose fate is not known may be there or not.
    if (kind === "delete") deleted.add(operation.message);
    end(undefined);
  };
  return {
    execute,
    outcome: () => {
      const sent = new Map<number, Set<string>>(world.rooms.map((_, room) => [room, new Set()]));
      for (const [index, { room, id }] of messages) if (!deleted.has(index)) sent.get(room)?.add(id);
      return { samples, sent };
    },
  };
}

/** An id that is of no form, for an operation on a message that was never sent: it fails, and is counted. */
const NEVER_SENT = "never-sent";

function toolCall(
  operation: Operation,
  { rooms }: World,
  run: string,
  messageId: (index: number) => string | undefined,
): { tool: string; args: Readonly<Record<string, unknown>> } {
  const room = (number: number) => {
    const found = rooms[number];
    if (!found) throw new RangeError(`the workload has a room ${number}, and there are ${rooms.length}`);
    return found;
  };
  switch (operation.kind) {
    case "send": {
      const idempotency_key = `${run}-${operation.index}`;
      const args = { room_id: room(operation.room).id, content: operation.content, idempotency_key };
      return { tool: "chat_send_message", args };
    }
    case "read":
      return { tool: "chat_get_messages", args: { room_id: room(operation.room).id, limit: PAGE } };
    case "search":
      return {
        tool: "chat_search_messages",
        args: { room_id: room(operation.room).id, query: operation.query, limit: 20 },
      };
    case "members":
      return { tool: "chat_list_members", args: { room_id: room(operation.room).id, limit: PAGE } };
    case "delete":
      return {
        tool: "chat_delete_message",
        args: { message_id: messageId(operation.message) ?? NEVER_SENT },
      };
    case "mute":
    case "ban": {
      const { id, people } = room(operation.room);
      const target = { room_id: id, user_id: people[operation.person] ?? "nobody" };
      if (operation.kind === "mute")
        return { tool: "chat_mute_user", args: { ...target, muted: operation.on } };
      return { tool: operation.on ? "chat_ban_user" : "chat_unban_user", args: target };
    }
  }
}
