import * as z from "zod";
import {
  type Credentials,
  LOGIN_PATH,
  MatrixError,
  type MatrixReply,
  matrixRequest,
  passwordLogin,
} from "../../shared/matrix.ts";
import { ChatError, errors } from "../chat/error.ts";
import { limits } from "../limits.ts";

export const NAME = "synapse";

/**
 * The device of every task. Synapse keeps transaction ids by device, so one that a killed task used still means the
 * same message to the next task. Signing in again leaves the device's other access tokens valid; nobody signs out,
 * because that would remove the device with all its tokens and transaction ids.
 */
export const DEVICE = {
  device_id: "PHENOM-MCP",
  initial_device_display_name: "Phenom MCP server",
} as const;

export interface SynapseAccount extends Credentials {
  readonly url: string;
}

/** The account's session on the homeserver. */
export interface SynapseSession {
  /** An access token. Rejects with a `ChatError` unavailable or timeout. */
  token(): Promise<string>;
  /** The token was refused: the next call signs in anew. */
  forget(token: string): void;
  /** A word for what is wrong with signing in, or nothing. */
  problem(): string | undefined;
}

/** Milliseconds without another attempt after a refusal: Synapse locks accounts that keep trying. */
const AFTER_REFUSAL = 60_000;
/** Milliseconds, where Synapse throttles without saying for how long. */
const AFTER_THROTTLING = 5_000;

const LOGIN = { method: "POST", path: LOGIN_PATH };
const replySchema = z.object({ access_token: z.string() });

/** Signs in with the password, once however many calls wait for it, and keeps the token. */
export function synapseSession(account: SynapseAccount, now: () => number = Date.now): SynapseSession {
  let current: string | undefined;
  let underWay: Promise<string> | undefined;
  let failure: { problem: string; until: number } | undefined;

  const fail = (problem: string, wait: number, cause: unknown) => {
    failure = { problem, until: now() + wait };
    return refused(problem, wait, cause);
  };
  const signIn = async (): Promise<string> => {
    if (failure && now() < failure.until) throw refused(failure.problem, failure.until - now(), undefined);
    const reply = await login(account);
    const { status } = reply;
    const session = replySchema.safeParse(reply.body).data;
    if (status === 200 && session) {
      failure = undefined;
      current = session.access_token;
      return current;
    }
    const { message, retryAfterMs = AFTER_THROTTLING } = new MatrixError(LOGIN, reply);
    // No MatrixError as the cause: that would be a refusal of the caller's own request.
    const cause = new Error(message);
    if (status === 429) throw fail("agent_sign_in_throttled", retryAfterMs, cause);
    if (status >= 400 && status < 500) throw fail("agent_sign_in_refused", AFTER_REFUSAL, cause);
    throw errors.unavailable(NAME, cause);
  };

  return {
    async token() {
      if (current !== undefined) return current;
      underWay ??= signIn().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
    forget(token) {
      if (current === token) current = undefined;
    },
    problem: () => failure?.problem,
  };
}

// The callers' own deadlines are as long: whoever comes later may still have the token.
const login = (account: SynapseAccount): Promise<MatrixReply> =>
  matrixRequest(
    account.url,
    { ...LOGIN, body: passwordLogin(account, DEVICE) },
    { signal: AbortSignal.timeout(limits.backendMs) },
  ).catch((error: unknown) => {
    throw errors.unavailable(NAME, error);
  });

const explained: Record<string, string> = {
  agent_sign_in_refused:
    "The server's own account may not sign in: its operator has to check SYNAPSE_BOT_USERNAME and SYNAPSE_BOT_PASSWORD, or run bootstrap.",
  agent_sign_in_throttled: "Synapse lets the server sign in only so often. Try again later.",
};

const refused = (problem: string, retryAfterMs: number, cause: unknown) =>
  new ChatError("unavailable", explained[problem] ?? problem, { retryAfterMs, cause });
