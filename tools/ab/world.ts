import * as z from "zod";
import { Problem } from "../cli/problem.ts";
import type { Answer, McpClient } from "./mcp-client.ts";
import type { Workload } from "./workload.ts";

/** Ids, on one implementation, of the rooms and people that the workload numbers. */
export interface World {
  readonly rooms: readonly { readonly id: string; readonly people: readonly string[] }[];
}

/** Names of the rooms that the workload writes to. */
export const roomName = (number: number): string => `Evaluation ${number + 1}`;
const isWorkloadRoom = (name: string) => /^Evaluation \d+$/.test(name);

const roomsSchema = z.object({ rooms: z.array(z.object({ id: z.string(), name: z.string() })) });
const membersSchema = z.object({
  members: z.array(z.object({ user_id: z.string(), role: z.string(), is_muted: z.boolean() })),
  next_cursor: z.string().optional(),
});
const sentSchema = z.object({ message: z.object({ id: z.string(), user_id: z.string() }) });
const pageSchema = z.object({
  messages: z.array(z.object({ id: z.string() })),
  next_cursor: z.string().optional(),
});

/** Messages of a page; rooms are filled up to it before the measurement. */
export const PAGE = 50;

/**
 * Finds rooms and people through the tools themselves, and fills the rooms with a full page.
 * @throws Problem that names what is missing
 */
export async function findWorld(client: McpClient, workload: Workload): Promise<World> {
  const ask = async <Result>(tool: string, args: Record<string, unknown>, schema: z.ZodType<Result>) =>
    schema.parse(resultOf(tool, await client.call(0, tool, args)));

  const listed = (await ask("chat_list_rooms", {}, roomsSchema)).rooms;
  const chosen = listed
    .filter(({ name }) => isWorkloadRoom(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .slice(0, workload.rooms);
  if (chosen.length < workload.rooms)
    throw new Problem(
      `--rooms ${workload.rooms}: of the rooms that the agent is in (${listed.map(({ name }) => JSON.stringify(name)).join(", ")}) ${chosen.length} are named ${JSON.stringify(roomName(0))} and so on`,
      "Create more, add the agent, or set fewer",
    );

  const members = async (room_id: string) => {
    const all: z.infer<typeof membersSchema>["members"] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await ask(
        "chat_list_members",
        { room_id, limit: 100, ...(cursor && { cursor }) },
        membersSchema,
      );
      all.push(...page.members);
      if (page.next_cursor === undefined) return all;
      cursor = page.next_cursor;
    }
  };
  const rooms: World["rooms"][number][] = [];
  for (const { id, name } of chosen) {
    const agent = await fill(id, ask);
    const people = (await members(id))
      .filter(({ user_id, role, is_muted }) => role === "user" && user_id !== agent && !is_muted)
      .map(({ user_id }) => user_id)
      .sort()
      .slice(0, workload.people);
    if (workload.moderationShare > 0 && people.length < workload.people)
      throw new Problem(
        `--people ${workload.people}: room ${JSON.stringify(name)} has ${people.length} ordinary members who are not muted`,
        "Add some, set fewer, or set --moderation 0",
      );
    rooms.push({ id, people });
  }
  return { rooms };
}

type Ask = <Result>(
  tool: string,
  args: Record<string, unknown>,
  schema: z.ZodType<Result>,
) => Promise<Result>;

const FILLED_AT_ONCE = 5;

/** Fills a room up to a page. @returns the agent's user id */
async function fill(room_id: string, ask: Ask): Promise<string> {
  const send = (content: string) => ask("chat_send_message", { room_id, content }, sentSchema);
  const { message } = await send("A measurement starts.");
  const { messages } = await ask("chat_get_messages", { room_id, limit: PAGE }, pageSchema);
  for (let n = messages.length; n < PAGE; n += FILLED_AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(FILLED_AT_ONCE, PAGE - n) }, (_, m) =>
        send(`Message ${n + m} to fill the page.`),
      ),
    );
  return message.user_id;
}

/** Counts the messages that a room does not show, by reading it from the newest on until all are found. */
export async function missingMessages(
  client: McpClient,
  room_id: string,
  ids: ReadonlySet<string>,
): Promise<number> {
  const wanted = new Set(ids);
  for (let cursor: string | undefined; wanted.size > 0; ) {
    const args = { room_id, limit: 100, ...(cursor && { cursor }) };
    const page = pageSchema.parse(
      resultOf("chat_get_messages", await client.call(0, "chat_get_messages", args)),
    );
    for (const { id } of page.messages) wanted.delete(id);
    if (page.next_cursor === undefined) break;
    cursor = page.next_cursor;
  }
  return wanted.size;
}

function resultOf(tool: string, answer: Answer): Readonly<Record<string, unknown>> {
  if (answer.ok) return answer.result;
  throw new Problem(`${tool} failed outside the measurement (${answer.error}): ${answer.message}`);
}
