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
 * The device of every task. Synapse keeps transaction ids by device, so the next task may repeat a request of a killed
 * one. Signing in again leaves the device's other access tokens valid. No task signs out, because that would remove
 * the device with all its tokens and transaction ids.
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
  /** Discards a refused token; the next call signs in again. */
  forget(token: string): void;
  /** Code of the problem with the sign-in, if there is one. */
  problem(): string | undefined;
}

/** Time without another attempt after a refusal, because Synapse limits failed attempts. */
const RETRY_AFTER_REFUSAL_MS = 60_000;
/** Time to wait if Synapse throttles without naming one. */
const RETRY_AFTER_THROTTLING_MS = 5_000;

const LOGIN = { method: "POST", path: LOGIN_PATH };
const replySchema = z.object({ access_token: z.string() });

/** Signs in with the password and keeps the token. Only one sign-in runs at a time. */
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
    const { message, retryAfterMs = RETRY_AFTER_THROTTLING_MS } = new MatrixError(LOGIN, reply);
    // The cause is no MatrixError, which would look like a refusal of the caller's own request.
    const cause = new Error(message);
    if (status === 429) throw fail("agent_sign_in_throttled", retryAfterMs, cause);
    if (status >= 400 && status < 500) throw fail("agent_sign_in_refused", RETRY_AFTER_REFUSAL_MS, cause);
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

// As long as the callers' own deadlines; a later caller may still use the token.
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
