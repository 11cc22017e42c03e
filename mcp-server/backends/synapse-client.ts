import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { withDeadline } from "../../shared/deadline.ts";
import { ChatError, errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
import { retryOnce } from "./retry.ts";
import { NAME, type SynapseSession } from "./synapse-session.ts";

export interface MatrixRequest {
  readonly method: "GET" | "PUT" | "POST";
  /** Made with `path`. */
  readonly path: string;
  readonly body?: object;
}

/** What Synapse refused, in its own words: for the log, never for the agent. */
export class MatrixError extends Error {
  override readonly name = "MatrixError";
  readonly status: number;
  readonly errcode: string;

  constructor(status: number, errcode: string, message: string) {
    super(`${status} ${errcode}: ${message}`);
    this.status = status;
    this.errcode = errcode;
  }
}

/** Requests to the homeserver as the server's own account. Every one rejects with a `ChatError`. */
export interface SynapseClient {
  /** Reads, a second time where the connection broke. */
  read<Answer>(path: string, answer: z.ZodType<Answer>, signal: AbortSignal): Promise<Answer>;
  /** As `read`, but undefined where there is no such thing. */
  find<Answer>(path: string, answer: z.ZodType<Answer>, signal: AbortSignal): Promise<Answer | undefined>;
  /** Sends once; what carries a transaction id may be sent again. */
  send<Answer>(request: MatrixRequest, answer: z.ZodType<Answer>, signal: AbortSignal): Promise<Answer>;
}

/** A path whose inserted parts are percent-encoded. */
export const path = (parts: TemplateStringsArray, ...values: readonly string[]): string =>
  parts.map((part, index) => part + encodeURIComponent(values[index] ?? "")).join("");

/** Milliseconds that must be left of a request's time after waiting for Synapse's rate limit. */
const AFTER_WAIT = 1_000;

const refusalSchema = z
  .object({
    errcode: z.string().default("M_UNKNOWN"),
    error: z.string().default(""),
    retry_after_ms: z.number().nonnegative().optional(),
  })
  .catch({ errcode: "M_UNKNOWN", error: "" });

export function synapseClient(url: string, session: SynapseSession): SynapseClient {
  const exchange = async ({ method, path, body }: MatrixRequest, signal: AbortSignal) => {
    const token = await session.token();
    try {
      const response = await fetch(`${url}${path}`, {
        method,
        signal,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        ...(body && { body: JSON.stringify(body) }),
      });
      return { token, status: response.status, body: parse(response.status, await response.text()) };
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof ChatError ? error : errors.unavailable(NAME, error);
    }
  };

  const send: SynapseClient["send"] = (request, answer, outer) =>
    withDeadline(
      outer,
      limits.backendMs,
      () => errors.timeout(NAME),
      async (signal) => {
        const started = performance.now();
        let signedInAnew = false;
        for (;;) {
          const reply = await exchange(request, signal);
          if (reply.status < 300) return readAnswer(answer, reply.body);
          const { errcode, error, retry_after_ms } = refusalSchema.parse(reply.body);
          const cause = new MatrixError(reply.status, errcode, error);
          if (reply.status === 401 && !signedInAnew) {
            signedInAnew = true;
            session.forget(reply.token);
          } else if (reply.status === 429) {
            const pause = retry_after_ms ?? AFTER_WAIT;
            if (performance.now() - started + pause + AFTER_WAIT > limits.backendMs)
              throw rateLimited(pause, cause);
            await wait(pause, undefined, { signal });
          } else throw refusal(request, cause);
        }
      },
    );
  const read: SynapseClient["read"] = (path, answer, signal) =>
    retryOnce(() => send({ method: "GET", path }, answer, signal), signal);

  return {
    send,
    read,
    find: (path, answer, signal) =>
      read(path, answer, signal).catch((error: unknown) => {
        if (refusedWith(error) === "M_NOT_FOUND") return undefined;
        throw error;
      }),
  };
}

/** Synapse's error code, where it refused what was asked of it and nothing more is known of why. */
export function refusedWith(error: unknown): string | undefined {
  const cause = error instanceof ChatError && error.code === "internal" ? error.cause : undefined;
  return cause instanceof MatrixError ? cause.errcode : undefined;
}

function parse(status: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A load balancer's page, or a homeserver that is starting.
    throw errors.unavailable(NAME, new Error(`HTTP ${status}: ${text.slice(0, 200)}`));
  }
}

function readAnswer<Answer>(answer: z.ZodType<Answer>, body: unknown): Answer {
  const parsed = answer.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new ChatError("internal", "The chat's backend gave an answer that this server cannot read.", {
    cause: parsed.error,
  });
}

const rateLimited = (retryAfterMs: number, cause: MatrixError) =>
  new ChatError(
    "rate_limited",
    `Synapse limits how often the server's account may act, for all callers together. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    { retryAfterMs, cause },
  );

function refusal({ path }: MatrixRequest, cause: MatrixError): ChatError {
  if (cause.status >= 500) return errors.unavailable(NAME, cause);
  if (cause.status === 401)
    return new ChatError(
      "unavailable",
      "The chat's backend does not accept the server's own account: its operator has to check it, or run bootstrap.",
      { cause },
    );
  if (cause.status === 403 && path.startsWith("/_synapse/admin/"))
    return new ChatError(
      "unavailable",
      "The server's own account is no administrator of the homeserver: its operator has to run bootstrap.",
      { cause },
    );
  return new ChatError("internal", "The chat's backend refused the operation; the log has the reason.", {
    cause,
  });
}
