import * as z from "zod";
import { environmentSchema } from "../../mcp-server/environment.ts";
import { limits } from "../../mcp-server/limits.ts";
import { catalog } from "../../mcp-server/tools/catalog.ts";
import type { Tool } from "../../mcp-server/tools/tool.ts";
import { format, table } from "./markdown.ts";

/** An example of a call; the tests make all of them, in this order, on one chat. */
export interface Example {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

const room = "550e8400-e29b-41d4-a716-446655440003";

export const examples: readonly Example[] = [
  { tool: "chat_list_rooms", arguments: {} },
  { tool: "chat_get_messages", arguments: { room_id: room, limit: 20 } },
  { tool: "chat_search_messages", arguments: { query: "light lake", room_id: room } },
  {
    tool: "chat_send_message",
    arguments: { room_id: room, content: "Welcome, Chloé!", idempotency_key: "welcome-chloe" },
  },
  {
    tool: "chat_send_message",
    arguments: { room_id: room, content: "The film", message_type: "phenom_link", phenom_id: "lake-light" },
  },
  {
    tool: "chat_delete_message",
    arguments: { message_id: "6f1c1f7e-0d0c-4c53-9a52-0d9a6f0b7a01", reason: "Spam" },
  },
  { tool: "chat_list_members", arguments: { room_id: room } },
  {
    tool: "chat_mute_user",
    arguments: { room_id: room, user_id: "demo-spam", muted: true, until: "2099-01-01T00:00:00Z" },
  },
  { tool: "chat_ban_user", arguments: { room_id: room, user_id: "demo-spam", reason: "Advertising" } },
  { tool: "chat_unban_user", arguments: { room_id: room, user_id: "demo-spam" } },
];

const propertySchema = z.object({
  type: z.string().optional(),
  enum: z.array(z.string()).optional(),
  description: z.string().optional(),
});

/** The reference of tools and variables, as Markdown. */
export function mcpTools(): string {
  return format(
    "docs/mcp-tools.md",
    [
      "<!-- Written from the code by `npm run docs`; do not edit. -->",
      "# MCP tools of the Phenom chat",
      "How to sign in, what errors and limits mean, and how the backends differ: [mcp-server.md](mcp-server.md).",
      table(
        ["tool", "does", "group", "changes the chat"],
        catalog.map(({ name, title, group, annotations }) => [
          `[\`${name}\`](#${name})`,
          title,
          group,
          annotations.readOnlyHint ? "no" : annotations.destructiveHint ? "yes, destructively" : "yes",
        ]),
      ),
      ...catalog.map(section),
      "# Configuration",
      "A variable that is set to nothing counts as not set.",
      table(
        ["variable", "meaning"],
        Object.entries(environmentSchema.shape).map(([name, field]) => [
          `\`${name}\``,
          field.description ?? "",
        ]),
      ),
      "# Limits",
      table(
        ["limit", "value"],
        [
          ["characters of a message", String(limits.contentCharacters)],
          ["characters of any other text argument", String(limits.textCharacters)],
          ["items on a page", `${limits.page.default}, at most ${limits.page.max}`],
          ["bytes of a request", String(limits.bodyBytes)],
          ["messages in a JSON-RPC batch", String(limits.batch)],
          ["seconds that a call takes at most", String(limits.callMs / 1000)],
        ],
      ),
      "",
    ].join("\n\n"),
  );
}

function section(tool: Tool): string {
  const required = new Set(tool.inputSchema.required ?? []);
  const rows = Object.entries(tool.inputSchema.properties ?? {}).map(([name, schema]) => {
    const { type, enum: values, description } = propertySchema.parse(schema);
    const form = values ? values.map((value) => `\`${value}\``).join(" or ") : (type ?? "");
    return [`\`${name}\``, form, required.has(name) ? "required" : "", description ?? ""];
  });
  const calls = examples
    .filter((example) => example.tool === tool.name)
    .map(
      (example) =>
        `\`\`\`json\n${JSON.stringify({ name: tool.name, arguments: example.arguments }, null, 2)}\n\`\`\``,
    );
  return [
    `## ${tool.name}`,
    tool.description,
    table(["argument", "form", "", "meaning"], rows),
    "For example:",
    ...calls,
    "<details><summary>JSON Schema of the result</summary>",
    `\`\`\`json\n${JSON.stringify(tool.outputSchema, null, 2)}\n\`\`\``,
    "</details>",
  ].join("\n\n");
}
