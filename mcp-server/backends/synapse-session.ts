import * as z from "zod";
import { ChatError, errors } from "../chat/error.ts";
import { limits } from "../limits.ts";

export const NAME = "synapse";

/**
 * The device of every task. Synapse keeps transaction ids by device, so one that a killed task used still means the
 * same message to the next task. Signing in again leaves the device's other access tokens valid; nobody signs out,
 * because that would remove the device with all its tokens and transaction ids.
 */
export const DEVICE = "PHENOM-MCP";

export interface SynapseAccount {
  readonly url: string;
  /** Local part of the Matrix id. */
  readonly username: string;
  readonly password: string;
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

const replySchema = z.object({ access_token: z.string() });
const refusalSchema = z.object({ retry_after_ms: z.number().nonnegative().optional() }).catch({});

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
    const { status, body } = await login(account);
    if (status === 200) {
      failure = undefined;
      current = replySchema.parse(body).access_token;
      return current;
    }
    const cause = new Error(`sign-in was answered with ${status}`);
    if (status === 429) {
      const { retry_after_ms = AFTER_THROTTLING } = refusalSchema.parse(body);
      throw fail("agent_sign_in_throttled", retry_after_ms, cause);
    }
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

async function login({
  url,
  username,
  password,
}: SynapseAccount): Promise<{ status: number; body: unknown }> {
  try {
    const response = await fetch(`${url}/_matrix/client/v3/login`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        type: "m.login.password",
        identifier: { type: "m.id.user", user: username },
        password,
        device_id: DEVICE,
        initial_device_display_name: "Phenom MCP server",
      }),
      // The callers' own deadlines are as long: whoever comes later may still have the token.
      signal: AbortSignal.timeout(limits.backendMs),
    });
    const text = await response.text();
    return { status: response.status, body: response.ok ? JSON.parse(text) : parsed(text) };
  } catch (error) {
    throw errors.unavailable(NAME, error);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const explained: Record<string, string> = {
  agent_sign_in_refused:
    "The server's own account may not sign in: its operator has to check SYNAPSE_BOT_USERNAME and SYNAPSE_BOT_PASSWORD, or run bootstrap.",
  agent_sign_in_throttled: "Synapse lets the server sign in only so often. Try again later.",
};

const refused = (problem: string, retryAfterMs: number, cause: unknown) =>
  new ChatError("unavailable", explained[problem] ?? problem, { retryAfterMs, cause });
