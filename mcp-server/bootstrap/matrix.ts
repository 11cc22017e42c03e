import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";
import { MatrixError, type MatrixReply, matrixRequest } from "../../shared/matrix.ts";

/** Milliseconds for one answer, for all attempts at one request, and between attempts without an answer. */
const TIMES = { answer: 30_000, attempts: 300_000, pause: 1_000 };

export type Method = "GET" | "PUT" | "POST";

/** Requests to a homeserver, as one account or as nobody. */
export interface MatrixClient {
  /**
   * Sends JSON and parses the answer. Waits as long as Synapse says where it limits the rate, and asks again
   * where it can't be reached or fails: every request of bootstrap may be repeated.
   * @throws MatrixError for any other answer than 2xx
   */
  ask<Answer>(method: Method, path: string, answer: z.ZodType<Answer>, body?: object): Promise<Answer>;
  /** As `ask`, but undefined where there is no such thing (404). */
  find<Answer>(path: string, answer: z.ZodType<Answer>): Promise<Answer | undefined>;
  /** Sends JSON where nothing in the answer matters. */
  tell(method: Method, path: string, body?: object): Promise<void>;
  /** The same homeserver, as the account with this token. */
  as(accessToken: string): MatrixClient;
}

export function matrixClient(url: string, token?: string, times = TIMES): MatrixClient {
  const ask: MatrixClient["ask"] = async (method, path, answer, body) => {
    const request = { method, path, body };
    const deadline = performance.now() + times.attempts;
    for (;;) {
      const signal = AbortSignal.timeout(times.answer);
      const reply = await matrixRequest(url, request, { token, signal }).catch(noReply);
      if (reply.status >= 200 && reply.status < 300) return answer.parse(reply.body);
      const error = new MatrixError(request, reply);
      const pause = reply.status === 429 ? (error.retryAfterMs ?? times.pause) : times.pause;
      const passes = reply.status === 429 || reply.status === 0 || reply.status >= 500;
      if (!passes || performance.now() + pause > deadline) throw error;
      await wait(pause);
    }
  };

  return {
    ask,
    find: (path, answer) =>
      ask("GET", path, answer).catch((error: unknown) => {
        if (error instanceof MatrixError && error.status === 404) return undefined;
        throw error;
      }),
    tell: async (method, path, body) => {
      await ask(method, path, z.unknown(), body);
    },
    as: (accessToken) => matrixClient(url, accessToken, times),
  };
}

/** A failed connection in the form of a reply, with status 0. */
function noReply(error: unknown): MatrixReply {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  return { status: 0, body: { errcode: "no answer", error: message }, text: "" };
}
