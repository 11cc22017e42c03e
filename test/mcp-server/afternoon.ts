import { expect } from "@jest/globals";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import * as z from "zod";
import type { ContractWorld } from "./contract.ts";
import { type TestService, textOf } from "./service.ts";

/**
 * What an afternoon cost: each call and its result, in the form that a client hands to its model, without the list of
 * rooms.
 */
export interface Cost {
  readonly calls: number;
  readonly textTokens: number;
  readonly structuredTokens: number;
}

const OPENERS = [
  "Good morning! Did anyone see the aurora over the fjord last night?",
  "Yes, around two, for ten minutes. I have a few pictures.",
  "Please share them here, the gallery closes on Friday.",
  "Which lens did you take? Mine froze at minus twelve.",
  "The old 24 mm. Keep a spare battery in your pocket.",
  "Is the meeting still at five?",
  "Half past five, in the small room.",
];

/**
 * A moderator's afternoon, by the SDK's own client: finds the room, reads what is new, finds a person, finds the spam,
 * removes it, bans the spammer with the rest of it, looks who is banned, and lifts the ban.
 */
export async function moderatorsAfternoon(service: TestService, world: ContractWorld): Promise<Cost> {
  const people = await Promise.all(Array.from({ length: 8 }, () => world.newUser()));
  const [spammer = "", bystander = "", ...others] = people;
  const room = await world.newRoom("Afternoon", people);
  await world.say(bystander, room, "Said yesterday");
  await new Promise((resolve) => setTimeout(resolve, 20));
  const since = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 20));
  for (let n = 0; n < 35; n++)
    await world.say(String(others[n % others.length]), room, String(OPENERS[n % OPENERS.length]));
  for (let n = 0; n < 4; n++)
    await world.say(spammer, room, `Win a phone: https://spam.example.com/win?prize=${n}`);
  await world.say(bystander, room, "Look what I got: https://spam.example.com/win?prize=9");

  const client = await service.connect();
  const cost = { calls: 0, textTokens: 0, structuredTokens: 0 };
  const call = async (name: string, args: Record<string, unknown>) => {
    const result = await client.callTool({ name, arguments: args });
    expect([textOf(result), result.isError]).toEqual([textOf(result), undefined]);
    cost.calls += 1;
    // Rooms of other tests are listed, too.
    if (name === "chat_list_rooms") return result.structuredContent;
    const asked = countTokens(JSON.stringify({ name, arguments: args }));
    cost.textTokens += asked + countTokens(textOf(result));
    cost.structuredTokens += asked + countTokens(JSON.stringify(result.structuredContent));
    return result.structuredContent;
  };
  const page = z.looseObject({
    messages: z.array(z.looseObject({ id: z.string(), user_id: z.string(), content: z.string() })),
    next_cursor: z.undefined().optional(),
  });

  const { rooms } = z
    .object({ rooms: z.array(z.looseObject({ id: z.string(), name: z.string() })) })
    .parse(await call("chat_list_rooms", {}));
  const room_id = rooms.find(({ id }) => id === room)?.id;

  const news = page.parse(await call("chat_get_messages", { room_id, since, order: "oldest" }));
  expect(news.messages).toHaveLength(40);

  const name = spammer.replace(/^@/, "").split(":")[0]?.slice(0, 20);
  const found = z
    .object({ members: z.array(z.looseObject({ user_id: z.string() })) })
    .parse(await call("chat_list_members", { room_id, name, limit: 5 }));
  expect(found.members.map(({ user_id }) => user_id)).toContain(spammer);

  const spam = page.parse(await call("chat_search_messages", { query: "spam.example.com", room_id }));
  expect(spam.messages.map(({ user_id }) => user_id).sort()).toEqual(
    [spammer, spammer, spammer, spammer, bystander].sort(),
  );

  const passedOn = spam.messages.find(({ user_id }) => user_id === bystander);
  await call("chat_delete_message", { message_id: passedOn?.id, reason: "Passed spam on" });

  const banned = await call("chat_ban_user", {
    room_id,
    user_id: spammer,
    reason: "Spam",
    delete_messages_since: since,
  });
  expect(banned).toMatchObject({ ban: { user_id: spammer, reason: "Spam" }, deleted_messages: 4 });
  expect(await world.trySay(spammer, room)).toBe(false);

  expect(await call("chat_list_members", { room_id, status: "banned" })).toMatchObject({
    members: [{ user_id: spammer, ban: { reason: "Spam" } }],
  });
  await call("chat_unban_user", { room_id, user_id: spammer });
  await client.close();
  expect(await world.trySay(spammer, room)).toBe(true);
  const left = await world.backend.getMessages(
    { room_id: room, limit: 100, since },
    new AbortController().signal,
  );
  expect(left.items.filter(({ content }) => content.includes("spam.example.com"))).toEqual([]);
  return cost;
}
