import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import * as z from "zod";
import { withDeadline } from "../../shared/deadline.ts";
import { describeError } from "../../shared/describe-error.ts";
import { type Caller, includes } from "../auth/caller.ts";
import type { ChatBackend } from "../chat/backend.ts";
import { ChatError, type ChatErrorCode, errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
import type { Log } from "../log.ts";
import { callMetrics } from "../metrics.ts";
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

/** Runs one tool: authorises, limits the time, logs, and turns an error into a result that the agent can act on. */
export async function callTool(
  service: ChatService,
  request: RequestContext,
  tool: Tool,
  args: unknown,
): Promise<CallToolResult> {
  const started = performance.now();
  const { backend } = service;
  const late = () => errors.timeout(backend.name);
  try {
    authorise(service, request.caller, tool);
    const wait = request.admit();
    if (wait !== undefined) throw errors.rateLimitedCaller(wait);
    const answer = await withDeadline(request.signal, limits.callMs, late, (signal) =>
      tool.call(args, { backend, signal, callerId: request.caller.id, group: request.caller.group }),
    );
    report(service, request, tool, args, started, answer);
    return { content: [{ type: "text", text: answer.text }], structuredContent: answer.result };
  } catch (error) {
    const known = asChatError(error);
    report(service, request, tool, args, started, known);
    return errorResult(known);
  }
}

/** Whether the caller may use a tool, for tools/list and for each call. */
export const mayCall = (service: ChatService, caller: Caller, tool: Tool): boolean =>
  includes(caller.group, tool.group) && !(service.readOnly && !tool.annotations.readOnlyHint);

function authorise(service: ChatService, caller: Caller, tool: Tool): void {
  if (!includes(caller.group, tool.group))
    throw new ChatError(
      "forbidden",
      `${tool.name} needs the Cognito group ${tool.group}; your highest group is ${caller.group}. Ask an administrator for the group, then sign in again.`,
    );
  if (!mayCall(service, caller, tool))
    throw new ChatError(
      "forbidden",
      `${tool.name} changes the chat, and this server is set to read only. Use the reading tools, or ask its operator.`,
    );
}

function asChatError(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  return new ChatError("internal", "The server failed on this call; its operator can find it in the log.", {
    cause: error,
  });
}

/** The code in the result of a call that failed. */
export function errorCodeOf({ _meta }: CallToolResult): ChatErrorCode | undefined {
  return errorMetaSchema.safeParse(_meta?.["thephenom.app/error"]).data?.code;
}
const errorMetaSchema = z.object({ code: z.custom<ChatErrorCode>((code) => typeof code === "string") });

export function errorResult(error: ChatError): CallToolResult {
  const { code, field, retryAfterMs } = error;
  return {
    isError: true,
    content: [{ type: "text", text: `${code}: ${error.message}` }],
    _meta: {
      "thephenom.app/error": {
        code,
        ...(field !== undefined && { field }),
        ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }),
      },
    },
  };
}

function report(
  service: ChatService,
  request: RequestContext,
  tool: Tool,
  args: unknown,
  started: number,
  outcomeOf: ChatError | Answer<unknown>,
): void {
  const { log, backend } = service;
  const error = outcomeOf instanceof ChatError ? outcomeOf : undefined;
  const logged = outcomeOf instanceof ChatError ? {} : outcomeOf.logged;
  const who = { request: request.id, caller: request.caller.id, client: request.caller.clientId };
  const outcome = error?.code ?? "ok";
  // An error of the caller's is no failure of the service.
  const failed = error !== undefined && ["internal", "unavailable", "timeout"].includes(error.code);
  const metrics = callMetrics({
    tool: tool.name,
    backend: backend.name,
    failed,
    milliseconds: performance.now() - started,
  });
  const cause = error?.cause === undefined ? {} : { error: describeError(error.cause) };
  log[failed ? "error" : "info"]("tool_call", { ...who, outcome, ...logged, ...cause, ...metrics });
  if (tool.audited)
    log.audit({
      ...who,
      group: request.caller.group,
      tool: tool.name,
      target: auditTarget(args),
      result: outcome,
      ...logged,
    });
}

/** The known arguments of a moderation, none of which is message content. */
function auditTarget(args: unknown): Record<string, unknown> {
  if (typeof args !== "object" || args === null) return {};
  const kept = [
    "room_id",
    "user_id",
    "message_id",
    "muted",
    "until",
    "expires_at",
    "reason",
    "delete_messages_since",
  ];
  return Object.fromEntries(
    Object.entries(args).flatMap(([key, value]) =>
      kept.includes(key) ? [[key, typeof value === "string" ? value.slice(0, 255) : value === true]] : [],
    ),
  );
}
