import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod/mini";
import { MatrixError, type MatrixReply, matrixRequest } from "./matrix.ts";

/** Milliseconds for one reply, for all attempts of one request, and between attempts without a reply. */
const TIMES_MS = { reply: 30_000, attempts: 300_000, pause: 1_000 };

type Method = "GET" | "PUT" | "POST" | "DELETE";

/** Requests to a homeserver, by one account or without one. */
export interface MatrixClient {
  /**
   * Sends JSON and parses the reply. Waits when Synapse limits the rate, and repeats when Synapse cannot be reached or
   * fails: send only what is idempotent.
   * @throws MatrixError for another status than 2xx
   */
  request<Answer>(
    method: Method,
    path: string,
    answer: z.core.$ZodType<Answer>,
    body?: object,
  ): Promise<Answer>;
  /** Reads; undefined for 404. */
  find<Answer>(path: string, answer: z.core.$ZodType<Answer>): Promise<Answer | undefined>;
  /** Sends JSON and ignores the reply. */
  send(method: Method, path: string, body?: object): Promise<void>;
  /** The same homeserver, with the account of this token. */
  as(accessToken: string): MatrixClient;
}

export function matrixClient(url: string, token?: string, times = TIMES_MS): MatrixClient {
  const request: MatrixClient["request"] = async (method, path, answer, body) => {
    const sent = { method, path, body };
    const deadline = performance.now() + times.attempts;
    for (;;) {
      const signal = AbortSignal.timeout(times.reply);
      const reply = await matrixRequest(url, sent, { token, signal }).catch(noReply);
      if (reply.status >= 200 && reply.status < 300) return z.parse(answer, reply.body);
      const error = new MatrixError(sent, reply);
      const pause = reply.status === 429 ? (error.retryAfterMs ?? times.pause) : times.pause;
      const isTransient = reply.status === 429 || reply.status === 0 || reply.status >= 500;
      if (!isTransient || performance.now() + pause > deadline) throw error;
      await wait(pause);
    }
  };

  return {
    request,
    find: (path, answer) =>
      request("GET", path, answer).catch((error: unknown) => {
        if (error instanceof MatrixError && error.status === 404) return undefined;
        throw error;
      }),
    send: async (method, path, body) => {
      await request(method, path, z.unknown(), body);
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
