import { chatHasuraLite } from "./chat-hasura-lite.ts";
import { chatLinkPreview } from "./chat-link-preview.ts";
import { chatMcpServer } from "./chat-mcp-server.ts";
import { chatShared } from "./chat-shared.ts";
import { chatSynapse } from "./chat-synapse.ts";
import { configurationOf } from "./module.ts";
import type { Configuration } from "./module-stack.ts";

/** The five modules by name, in the order in which one feeds the next. */
export const moduleConfigurations = (): Readonly<Record<string, Configuration>> => ({
  "chat-shared": configurationOf(chatShared),
  "chat-link-preview": configurationOf(chatLinkPreview),
  "chat-hasura-lite": configurationOf(chatHasuraLite),
  "chat-synapse": configurationOf(chatSynapse),
  "chat-mcp-server": configurationOf(chatMcpServer),
});
