// What a page of messages costs an agent, in tokens of o200k; the same for everybody, because nothing runs.
import { createHash } from "node:crypto";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { messageLines } from "../../mcp-server/chat/lines.ts";
import type { Message } from "../../mcp-server/chat/model.ts";
import { shownMessages } from "../../mcp-server/chat/shown.ts";
import { catalog } from "../../mcp-server/tools/catalog.ts";
import type { Figure } from "./benchmark.ts";

export const name = "mcp-tokens";
export const description = "tokens of a page of 50 messages in both forms, and of the list of tools";

const PEOPLE = ["Ann Lee", "Ben Ode", "Chloé Roy", "Dan Ito", "Eva Kim", "Finn Bay", "Gia Fox", "Hugo Sun"];
const LINES = [
  "Did anyone see the aurora last night?",
  "Yes, around two, for ten minutes.",
  "Please share your pictures here.",
  "The meeting starts at half past five.",
  "I can bring the projector.",
  "Thanks, that helps a lot!",
  "Where do we meet tomorrow?",
  "At the small harbour, near the ferry.",
  "The new film is online now.",
  "Sounds good to me.",
];

/** A UUID, the same in each run. */
function uuid(seed: string): string {
  const hex = createHash("sha256").update(seed).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const person = (n: number) => PEOPLE[n % PEOPLE.length] ?? "";
const page: Message[] = Array.from({ length: 50 }, (_, n) => {
  const at = new Date(Date.UTC(2026, 0, 31, 12) - n * 97_000).toISOString().replace("Z", "123Z");
  return {
    id: uuid(`message ${n}`),
    room_id: uuid("room"),
    user_id: uuid(person(n)),
    content: LINES[n % LINES.length] ?? "",
    message_type: "text",
    created_at: at,
    profile: { username: person(n).toLowerCase().replace(" ", "."), display_name: person(n) },
  };
});

const structured = (withRoom: boolean) => countTokens(JSON.stringify(shownMessages(page, withRoom)));

export async function measure(): Promise<Figure[]> {
  const what = "page of 50 one-line messages of 8 people with UUIDs";
  const tokens = (label: string, measured: number, atMost?: number): Figure => ({
    label,
    measured,
    unit: "tokens",
    ...(atMost !== undefined && { target: { atMost } }),
  });
  const listed = catalog.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  return [
    tokens(`${what}, structured`, structured(false), 4_700),
    tokens(`${what}, text`, countTokens(messageLines(page, false, undefined)), 2_700),
    tokens("the same in all rooms, structured", structured(true)),
    tokens("what the people wrote", countTokens(page.map(({ content }) => content).join("\n"))),
    tokens("names, descriptions and arguments of the nine tools", countTokens(JSON.stringify(listed))),
  ];
}
