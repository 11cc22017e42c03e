import { expect } from "@jest/globals";
import fc from "fast-check";
import * as z from "zod";
import { catalog } from "../../mcp-server/tools/catalog.ts";
import { token } from "../../tools/servers/cognito-tokens.ts";
import { anyCharacter } from "../jest/any-character.ts";
import type { ContractWorld } from "./contract.ts";
import type { TestService } from "./service.ts";

/** More calls for each tool than the gate makes, and of some tools only; workflow `random-calls` sets both. */
const settings = z
  .object({
    RANDOM_CALLS: z.coerce.number().int().positive().optional(),
    RANDOM_TOOLS: z
      .string()
      .transform((names) => names.split(","))
      .pipe(z.array(z.enum(catalog.map(({ name }) => name))))
      .optional(),
  })
  .parse(process.env);

/** What the calls are drawn from: the same seed gives the same calls. */
const SEED = 15;
const CHUNK = 500;
const AT_ONCE = 8;

const resultSchema = z.object({
  isError: z.boolean().optional(),
  content: z.array(z.object({ text: z.string() })),
  structuredContent: z.looseObject({ next_cursor: z.string().optional() }).optional(),
  _meta: z.object({ "thephenom.app/error": z.object({ code: z.string() }) }).optional(),
});
type Result = z.infer<typeof resultSchema>;

/** Makes random calls of each tool, then reads every page of the rooms that they were about. */
export async function callAtRandom(service: TestService, world: ContractWorld, usual: number): Promise<void> {
  const { RANDOM_CALLS: calls = usual, RANDOM_TOOLS: chosen } = settings;
  const client = await service.connect();
  const { tools } = await client.listTools();
  await client.close();
  const known = await populate(world);
  const cursors = ["x"];
  let answered = 0;
  let authorization = "";

  const call = async (name: string, args: unknown): Promise<Result> => {
    const body = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: args } };
    const response = await service.post(body, { authorization });
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await response.arrayBuffer());
    // Not by expect, which would take longer than the calls.
    const check = (holds: boolean, what: string) => {
      if (!holds)
        throw new Error(`${what}: ${name} ${JSON.stringify(args)}: ${response.status} ${text.slice(0, 500)}`);
    };
    check(response.status === 200, "another status than 200");
    const { result } = z.object({ result: resultSchema }).parse(
      JSON.parse(text, (_, value) => {
        check(typeof value !== "string" || value.isWellFormed(), "half of a surrogate pair");
        return value;
      }),
    );
    check(result._meta?.["thephenom.app/error"].code !== "internal", "an internal error");
    const cursor = result.structuredContent?.next_cursor;
    if (cursor !== undefined) cursors[answered++ % 50] = cursor;
    return result;
  };

  for (const { name, inputSchema } of tools.filter(({ name }) => chosen?.includes(name) ?? true)) {
    const drawn = argumentsOf(schemaSchema.parse(inputSchema), known, cursors);
    for (let made = 0; made < calls; made += CHUNK) {
      // Many calls take longer than a token is valid.
      authorization = `Bearer ${token()}`;
      const chunk = fc.sample(drawn, { seed: SEED + made, numRuns: Math.min(CHUNK, calls - made) }).values();
      await Promise.all(
        Array.from({ length: AT_ONCE }, async () => {
          for (const args of chunk) await call(name, args);
        }),
      );
    }
  }

  const everyPage = async (name: string, args: object) => {
    let cursor: string | undefined;
    do {
      const result = await call(name, { ...args, limit: 100, cursor });
      expect([name, args, result.isError, result.content[0]?.text]).toEqual([
        name,
        args,
        undefined,
        expect.anything(),
      ]);
      cursor = result.structuredContent?.next_cursor;
    } while (cursor !== undefined);
  };
  expect(await call("chat_list_rooms", { include_inactive: true })).not.toMatchObject({ isError: true });
  for (const room_id of known.rooms) {
    for (const order of ["newest", "oldest"]) await everyPage("chat_get_messages", { room_id, order });
    for (const status of ["member", "banned"]) await everyPage("chat_list_members", { room_id, status });
  }
  for (const user_id of known.users) await everyPage("chat_search_messages", { user_id });
  expect(service.log.filter(({ outcome }) => outcome === "internal")).toEqual([]);
}

interface Known {
  readonly rooms: readonly string[];
  readonly users: readonly string[];
  readonly messages: readonly string[];
  readonly unknown: readonly string[];
}

async function populate(world: ContractWorld): Promise<Known> {
  const users = [await world.newUser(), await world.newUser(), await world.newUser()];
  const rooms = [await world.newRoom("Random 1", users), await world.newRoom("Random 2", users)];
  const messages: string[] = [];
  for (const room of rooms)
    for (const user of users)
      messages.push(await world.say(user, room, "Café https://example.com/win 東京 🎉"));
  const { room, message, user } = world.unknown;
  return {
    rooms,
    users,
    messages,
    unknown: [room, message, user, world.agent, await world.newForeignRoom("Random, foreign")],
  };
}

const schemaSchema = z.object({
  properties: z.record(
    z.string(),
    z.object({
      type: z.string(),
      enum: z.array(z.string()).optional(),
      minimum: z.number().optional(),
      maximum: z.number().optional(),
    }),
  ),
  required: z.array(z.string()).default([]),
});
type Schema = z.infer<typeof schemaSchema>;

/** Texts that have broken programs: whatever Unicode has, and what SQL, patterns and JSON take for their own. */
const oddTexts = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.constantFrom(
    "\u0000",
    "\ud800",
    "a\udc00b",
    "😀".repeat(200),
    "%_\\",
    "'; drop table chat_messages; --",
    '"',
    "-",
    "or",
    'a or -"b',
    "\u200b",
    " ",
    "../..",
    "%2e%2e%2f",
    "constructor",
    "x".repeat(4001),
  ),
);
const searchTexts = fc
  .array(
    fc.constantFrom(
      "café",
      "-win",
      '"example com"',
      "or",
      "the",
      "東京",
      "🎉",
      "-",
      '"',
      "https://example.com/",
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((words) => words.join(" "));

/** Times of every form, most of them nearly right. */
const twoDigits = (max: number) => fc.integer({ min: 0, max }).map((n) => String(n).padStart(2, "0"));
const times = fc.oneof(
  fc
    .date({
      min: new Date("1969-12-01T00:00:00Z"),
      max: new Date("9999-12-31T23:59:59Z"),
      noInvalidDate: true,
    })
    .map((date) => date.toISOString()),
  fc
    .tuple(
      fc.constantFrom("0000", "0001", "1969", "1970", "2026", "2030", "2999", "9999", "10000", "+12026"),
      twoDigits(13),
      twoDigits(32),
      twoDigits(24),
      twoDigits(60),
      fc.constantFrom("", ":00", ":60", ":59.999999999", ":59.1234567890"),
      fc.constantFrom(
        "Z",
        "z",
        "",
        "+00:00",
        "-14:00",
        "+14:01",
        "+23:59",
        "-23:59",
        "+24:00",
        "-0530",
        "+02",
        "+1",
        "Europe/Berlin",
      ),
    )
    .map(
      ([year, month, day, hour, minute, rest, zone]) =>
        `${year}-${month}-${day}T${hour}:${minute}${rest}${zone}`,
    ),
  oddTexts,
);
const TIMES = ["since", "until", "expires_at", "delete_messages_since"];

/** Values of any kind, for an argument of any type. */
const anything = fc.oneof(
  fc.constantFrom(null, "", true, 0, -1, 1e300, 0.5, "50"),
  fc.array(fc.integer(), { maxLength: 2 }),
  fc.object({ maxDepth: 1, maxKeys: 2 }),
);

function valuesOf(
  name: string,
  property: Schema["properties"][string],
  known: Known,
  cursors: readonly string[],
) {
  const { type, enum: values, minimum = -2, maximum = 200 } = property;
  if (values) return fc.constantFrom(...values);
  if (type === "boolean") return fc.boolean();
  if (type === "integer")
    return fc.oneof({ weight: 5, arbitrary: fc.integer({ min: minimum, max: maximum }) }, fc.integer());
  const mostly = (usual: fc.Arbitrary<unknown>) => fc.oneof({ weight: 6, arbitrary: usual }, oddTexts);
  if (TIMES.includes(name)) return times;
  if (name === "room_id") return mostly(fc.constantFrom(...known.rooms, ...known.rooms, ...known.unknown));
  if (name === "user_id") return mostly(fc.constantFrom(...known.users, ...known.users, ...known.unknown));
  if (name === "message_id" || name === "around")
    return mostly(fc.constantFrom(...known.messages, ...known.messages, ...known.unknown));
  // Drawn when the call is made, because cursors come with the answers.
  if (name === "cursor") return mostly(fc.nat().map((n) => cursors[n % cursors.length]));
  if (name === "query") return mostly(searchTexts);
  return oddTexts;
}

function argumentsOf({ properties, required }: Schema, known: Known, cursors: readonly string[]) {
  const values = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [
      name,
      fc.oneof({ weight: 15, arbitrary: valuesOf(name, property, known, cursors) }, anything),
    ]),
  );
  const shaped = fc.record(values, { requiredKeys: required });
  return fc.oneof(
    { weight: 20, arbitrary: shaped },
    { weight: 1, arbitrary: fc.record(values, { requiredKeys: [] }) },
    { weight: 1, arbitrary: shaped.map((args) => ({ ...args, verbose: true })) },
    { weight: 1, arbitrary: anything },
  );
}
