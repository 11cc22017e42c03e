import { setTimeout as wait } from "node:timers/promises";
import type * as z from "zod";
import { withDeadline } from "../../shared/deadline.ts";
import { MatrixError, type MatrixRequest, matrixRequest } from "../../shared/matrix.ts";
import { ChatError, errors } from "../chat/error.ts";
import { limits } from "../limits.ts";
import { retryOnce } from "./retry.ts";
import { NAME, type SynapseSession } from "./synapse-session.ts";

/** Requests to the homeserver with the server's own account. Each rejects with a `ChatError`. */
export interface SynapseClient {
  /** Reads, and once more if the connection broke. */
  read<Answer>(path: string, answer: z.ZodType<Answer>, signal: AbortSignal): Promise<Answer>;
  /** Like `read`; undefined for M_NOT_FOUND. */
  find<Answer>(path: string, answer: z.ZodType<Answer>, signal: AbortSignal): Promise<Answer | undefined>;
  /** Sends once; a request with a transaction id may be sent again. */
  send<Answer>(request: MatrixRequest, answer: z.ZodType<Answer>, signal: AbortSignal): Promise<Answer>;
}

/** Time that must be left for a request after a pause for Synapse's rate limit. */
const MIN_REMAINING_MS = 1_000;

export function synapseClient(url: string, session: SynapseSession): SynapseClient {
  const exchange = async (request: MatrixRequest, signal: AbortSignal) => {
    const token = await session.token();
    const reply = await matrixRequest(url, request, { token, signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw errors.unavailable(NAME, error);
    });
    // A load balancer's page, or a homeserver that is starting.
    if (reply.body === undefined)
      throw errors.unavailable(NAME, new Error(`HTTP ${reply.status}: ${reply.text.slice(0, 200)}`));
    return { token, reply };
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
          const { token, reply } = await exchange(request, signal);
          if (reply.status < 300) return readAnswer(answer, reply.body);
          const cause = new MatrixError(request, reply);
          if (reply.status === 401 && !signedInAnew) {
            signedInAnew = true;
            session.forget(token);
          } else if (reply.status === 429) {
            const pause = cause.retryAfterMs ?? MIN_REMAINING_MS;
            if (performance.now() - started + pause + MIN_REMAINING_MS > limits.backendMs)
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

/** Synapse's error code, if it refused the request itself; undefined for other errors. */
export function refusedWith(error: unknown): string | undefined {
  const cause = error instanceof ChatError && error.code === "internal" ? error.cause : undefined;
  return cause instanceof MatrixError ? cause.errcode : undefined;
}

function readAnswer<Answer>(answer: z.ZodType<Answer>, body: unknown): Answer {
  const parsed = answer.safeParse(body);
  if (parsed.success) return parsed.data;
  throw errors.unreadable(parsed.error);
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
  return errors.refused(cause);
}
