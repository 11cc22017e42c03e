import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { withDeadline } from "../../shared/deadline.ts";
import type { Caller } from "../auth/caller.ts";
import { refusalOf } from "../auth/tool-access.ts";
import { recordCall } from "../call-record.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { ChatError, errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
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
  /** Aborts with a `ChatError` when the client disconnects. */
  readonly signal: AbortSignal;
  /** Counts a call. @returns the milliseconds to wait if there were too many */
  admit(): number | undefined;
}

/** Calls one tool and turns an error into a result that the agent can act on. */
export async function callTool(
  service: ChatService,
  request: RequestContext,
  tool: Tool,
  args: unknown,
): Promise<CallToolResult> {
  try {
    const { text, result } = await runTool(service, request, tool, args);
    return { content: [{ type: "text", text }], structuredContent: result };
  } catch (error) {
    const known = asChatError(error);
    return { isError: true, content: [{ type: "text", text: textOf(known) }], _meta: metaOf(known) };
  }
}

/** Runs one tool: authorises, limits the time, logs. @throws ChatError */
export async function runTool(
  service: ChatService,
  request: RequestContext,
  tool: Tool,
  args: unknown,
): Promise<Answer<Record<string, unknown>>> {
  const started = performance.now();
  const { backend, log } = service;
  const { id, caller } = request;
  const ended = (outcome: ChatError | Answer<unknown>) =>
    recordCall(log, {
      request: id,
      caller,
      backend: backend.name,
      tool,
      args,
      milliseconds: performance.now() - started,
      outcome,
    });
  try {
    const refusal = refusalOf(tool, caller, service.readOnly);
    if (refusal !== undefined) throw new ChatError("forbidden", refusal);
    const wait = request.admit();
    if (wait !== undefined) throw errors.rateLimitedCaller(wait);
    const late = () => errors.timeout(backend.name);
    const answer = await withDeadline(request.signal, limits.callMs, late, (signal) =>
      tool.call(args, { backend, signal, callerId: caller.id, group: caller.group }),
    );
    ended(answer);
    return answer;
  } catch (error) {
    const known = asChatError(error);
    ended(known);
    throw known;
  }
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
