import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import type { Caller } from "../auth/caller.ts";
import { refusalOf } from "../auth/tool-access.ts";
import { recordCall } from "../call-record.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import type { Log } from "../log.ts";
import type { Answer, Tool } from "../tools/tool.ts";

/** Shared by all requests and never changed. */
export interface ChatService {
  readonly backend: ChatBackend;
  readonly log: Log;
  readonly readOnly: boolean;
}

/** State of one request. */
export interface RequestContext {
  readonly id: string;
  readonly caller: Caller;
  /** Aborts with a `ChatError` when the client disconnects or the time for calls is over. */
  readonly signal: AbortSignal;
  /** Counts a call. @returns the milliseconds to wait if there were too many */
  readonly admit: () => number | undefined;
}

/** Calls one tool; an error becomes a result that the agent can act on. */
export async function callTool(
  service: ChatService,
  request: RequestContext,
  tool: Tool,
  args: unknown,
): Promise<CallToolResult> {
  const outcome = await runTool(service, request, tool, args);
  if (outcome instanceof ChatError)
    return { isError: true, content: [{ type: "text", text: textOf(outcome) }], _meta: metaOf(outcome) };
  return { content: [{ type: "text", text: outcome.text }], structuredContent: outcome.result };
}

/** Runs one tool for a caller who may use it, and logs the call. */
export async function runTool(
  { backend, log, readOnly }: ChatService,
  { id, caller, signal, admit }: RequestContext,
  tool: Tool,
  args: unknown,
): Promise<ChatError | Answer<Record<string, unknown>>> {
  const started = performance.now();
  const run = async () => {
    const refusal = refusalOf(tool, caller, readOnly);
    if (refusal !== undefined) throw new ChatError("forbidden", refusal);
    const wait = admit();
    if (wait !== undefined) throw errors.rateLimitedCaller(wait);
    return tool.call(args, { backend, signal, callerId: caller.id, group: caller.group });
  };
  const outcome = await run().catch(asChatError);
  const milliseconds = performance.now() - started;
  recordCall(log, { request: id, caller, backend: backend.name, tool, args, milliseconds, outcome });
  return outcome;
}

function asChatError(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  return new ChatError("internal", "The server failed on this call; its operator can find it in the log.", {
    cause: error,
  });
}

export const textOf = ({ code, message }: ChatError): string => `${code}: ${message}`;

/** What programs can read of an error, beside its text. */
export const metaOf = ({ code, field, retryAfterMs }: ChatError) => ({
  "thephenom.app/error": {
    code,
    ...(field !== undefined && { field }),
    ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
  },
});
