import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import type { McpClient } from "./mcp-client.ts";
import type { Kind, Operation, Sanction, Workload } from "./workload.ts";
import { PAGE, type World } from "./world.ts";

/** Timing and outcome of one operation. */
interface Sample {
  readonly kind: Kind;
  /** Milliseconds from the start until it was due; in a closed loop, until it began. */
  readonly at: number;
  /** Milliseconds from when it was due until its response: waiting for a stalled server counts. */
  readonly latency: number;
  readonly error?: string;
}

export interface DriverResult {
  readonly samples: readonly Sample[];
  readonly done: readonly Operation[];
  /** Milliseconds from the start until the last response. */
  readonly took: number;
  /** Milliseconds by which this process started each operation late. */
  readonly lateness: readonly number[];
  /** Ids of the messages that were sent and not deleted, by room number. */
  readonly sent: ReadonlyMap<number, ReadonlySet<string>>;
}

export interface DriverContext {
  readonly client: McpClient;
  readonly world: World;
  /** Prefix of the idempotency keys; unique for each step. */
  readonly run: string;
}

const sentSchema = z.object({ message: z.object({ id: z.string() }) });

/** Starts every operation when it is due, whether or not earlier ones have finished. */
export async function openLoop(list: readonly Operation[], context: DriverContext): Promise<DriverResult> {
  const executor = execution(context);
  const start = performance.now();
  const lateness: number[] = [];
  const running: Promise<void>[] = [];
  for (const operation of list) {
    const due = start + operation.at;
    const early = due - performance.now();
    if (early > 0) await wait(early);
    lateness.push(Math.max(0, performance.now() - due));
    running.push(executor.execute(operation, operation.at, due));
  }
  await Promise.all(running);
  return { ...executor.outcome(), done: list, took: performance.now() - start, lateness };
}

/** Keeps a number of callers busy with the operations in their order; each starts the next when its last has finished. */
export async function closedLoop(
  sequence: Iterator<Operation>,
  saturation: Workload["saturation"],
  context: DriverContext,
): Promise<DriverResult> {
  const executor = execution(context);
  const start = performance.now();
  const done: Operation[] = [];
  const caller = async () => {
    for (;;) {
      const now = performance.now();
      const next = sequence.next();
      if (next.done || now - start >= saturation.seconds * 1000) return;
      done.push(next.value);
      await executor.execute(next.value, now - start, now);
    }
  };
  await Promise.all(Array.from({ length: saturation.callers }, caller));
  return { ...executor.outcome(), done, took: performance.now() - start, lateness: [] };
}

/** Undoes the mutes and bans that a step left active. */
export async function undoSanctions(active: readonly Sanction[], context: DriverContext): Promise<void> {
  const executor = execution(context);
  for (const { after: _, ...sanction } of active) await executor.execute({ ...sanction, on: false }, 0, 0);
}

/** Turns operations into tool calls and records their outcomes. */
function execution({ client, world, run }: DriverContext) {
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
    // A deletion that failed may have taken effect nevertheless.
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

/** An invalid id, for an operation on a message that was never sent: the call fails and is counted. */
const NEVER_SENT = "never-sent";

function toolCall(
  operation: Operation,
  { rooms }: World,
  run: string,
  messageId: (index: number) => string | undefined,
): { tool: string; args: Readonly<Record<string, unknown>> } {
  const room = (number: number) => {
    const found = rooms[number];
    if (!found)
      throw new RangeError(`room ${number} of the workload does not exist: there are ${rooms.length} rooms`);
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
