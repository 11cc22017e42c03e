import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod";

/** Milliseconds for one answer, for all attempts at one request, and between attempts without an answer. */
const TIMES = { answer: 30_000, attempts: 300_000, pause: 1_000 };

/** What Synapse answered where another answer was needed. Holds no token and no body that was sent. */
export class MatrixError extends Error {
  override readonly name = "MatrixError";
  readonly status: number;
  readonly errcode: string;

  constructor(request: string, status: number, { errcode, error }: Refusal) {
    super(`${request} was answered with ${status} ${errcode}: ${error}`);
    this.status = status;
    this.errcode = errcode;
  }
}

const refusal = z.object({
  errcode: z.string().default("M_UNKNOWN"),
  error: z.string().default("no reason given"),
  retry_after_ms: z.number().nonnegative().optional(),
});
type Refusal = z.infer<typeof refusal>;

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

export function matrixClient(url: string, accessToken?: string, times = TIMES): MatrixClient {
  const ask: MatrixClient["ask"] = async (method, path, answer, body) => {
    const request = `${method} ${path}`;
    const deadline = performance.now() + times.attempts;
    for (;;) {
      const reply = await send(method, path, body).catch((error: unknown) => unreachable(error));
      if (reply.status >= 200 && reply.status < 300) return answer.parse(reply.body);
      const refused = refusal.catch(refusal.parse({})).parse(reply.body);
      const error = new MatrixError(request, reply.status, refused);
      const pause = reply.status === 429 ? (refused.retry_after_ms ?? times.pause) : times.pause;
      const passes = reply.status === 429 || reply.status === 0 || reply.status >= 500;
      if (!passes || performance.now() + pause > deadline) throw error;
      await wait(pause);
    }
  };

  const send = async (method: Method, path: string, body: object | undefined) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: {
        "content-type": "application/json",
        ...(accessToken !== undefined && { authorization: `Bearer ${accessToken}` }),
      },
      ...(method !== "GET" && { body: JSON.stringify(body ?? {}) }),
      signal: AbortSignal.timeout(times.answer),
    });
    const text = await response.text();
    return { status: response.status, body: parsedJson(text) };
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
    as: (token) => matrixClient(url, token, times),
  };
}

/** No answer at all, in the form of one. */
function unreachable(error: unknown): { status: number; body: unknown } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return {
    status: 0,
    body: { errcode: "no answer", error: cause instanceof Error ? cause.message : String(cause) },
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
