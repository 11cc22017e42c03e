import type { Tool } from "../tools/tool.ts";
import { type Caller, includes } from "./caller.ts";

/** Why the caller may not use a tool, for tools/list and for each call; `undefined` if they may. */
export function refusalOf(tool: Tool, { group }: Caller, readOnly: boolean): string | undefined {
  if (!includes(group, tool.group))
    return `${tool.name} needs the Cognito group ${tool.group}; your highest group is ${group}. Ask an administrator for the group, then sign in again.`;
  if (readOnly && !tool.annotations.readOnlyHint)
    return `${tool.name} changes the chat, and this server is set to read only. Use the reading tools, or ask its operator.`;
  return undefined;
}
