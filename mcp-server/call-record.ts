import { describeError } from "../shared/describe-error.ts";
import type { Caller } from "./auth/caller.ts";
import { ChatError } from "./chat/error.ts";
import type { Log } from "./log.ts";
import { callMetrics } from "./metrics.ts";
import type { Answer, Tool } from "./tools/tool.ts";

/** A tool's call that has ended. */
interface EndedCall {
  /** Id of the HTTP request. */
  readonly request: string;
  readonly caller: Caller;
  readonly backend: string;
  readonly tool: Tool;
  readonly args: unknown;
  readonly milliseconds: number;
  readonly outcome: ChatError | Answer<unknown>;
}

/** Writes the log line of a call, with its metrics, and the entry of the audit log if the tool has one. */
export function recordCall(log: Log, call: EndedCall): void {
  const { caller, backend, tool, args, milliseconds } = call;
  const error = call.outcome instanceof ChatError ? call.outcome : undefined;
  const logged = call.outcome instanceof ChatError ? {} : call.outcome.logged;
  const who = { request: call.request, caller: caller.id, client: caller.clientId };
  const outcome = error?.code ?? "ok";
  // A wrong call is the caller's error, and does not count as a failure of the service.
  const failed = error !== undefined && ["internal", "unavailable", "timeout"].includes(error.code);
  const metrics = callMetrics({ tool: tool.name, backend, failed, milliseconds });
  const cause = error?.cause === undefined ? {} : { error: describeError(error.cause) };
  log[failed ? "error" : "info"]("tool_call", { ...who, outcome, ...logged, ...cause, ...metrics });
  if (tool.audited)
    log.audit({
      ...who,
      group: caller.group,
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
