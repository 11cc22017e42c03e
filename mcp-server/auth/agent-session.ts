import {
  type AuthenticationResultType,
  CognitoIdentityProviderClient,
  InitiateAuthCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import * as z from "zod";
import { secretHash } from "../../shared/cognito.ts";
import { ChatError } from "../chat/error.ts";

export interface AgentCredentials {
  readonly region: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly username: string;
  readonly password: string;
}

/** The agent's identity for Hasura. */
export interface AgentIdentity {
  readonly idToken: string;
  /** Cognito `sub`. */
  readonly userId: string;
}

export interface AgentSession {
  /** A token that is valid for some minutes. @throws ChatError unavailable */
  identity(): Promise<AgentIdentity>;
  /** Discards a token that was refused before it expired. */
  forget(idToken: string): void;
  /** Code of the problem with the sign-in, if there is one. */
  problem(): string | undefined;
}

/** Time before a token's expiry at which it is refreshed. */
const REFRESH_MARGIN_MS = 5 * 60_000;
/** Time between attempts after failures: the first pause, and the longest. */
const BACK_OFF_MS = { first: 1_000, max: 60_000 };

const claimsSchema = z.object({ sub: z.string(), exp: z.number(), "cognito:username": z.string() });

interface SignedIn extends AgentIdentity {
  readonly expiresAt: number;
  /** The user name for the secret hash of a refresh, which may differ from that of the sign-in. */
  readonly cognitoUsername: string;
  readonly refreshToken: string | undefined;
}

/** Signs in with USER_PASSWORD_AUTH, keeps the token and refreshes it in time. Only one sign-in runs at a time. */
export function agentSession(
  credentials: AgentCredentials,
  now: () => number = Date.now,
  cognito = new CognitoIdentityProviderClient({
    region: credentials.region,
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 2000, requestTimeout: 4000 },
  }),
): AgentSession {
  let current: SignedIn | undefined;
  let underWay: Promise<SignedIn> | undefined;
  let failure: { problem: string; until: number; wait: number } | undefined;

  const initiate = async (
    flow: "USER_PASSWORD_AUTH" | "REFRESH_TOKEN_AUTH",
    parameters: Record<string, string>,
  ): Promise<SignedIn> => {
    const { AuthenticationResult, ChallengeName } = await cognito.send(
      new InitiateAuthCommand({ AuthFlow: flow, ClientId: credentials.clientId, AuthParameters: parameters }),
    );
    if (ChallengeName) throw new SignInChallenge(ChallengeName);
    return readResult(AuthenticationResult, parameters["REFRESH_TOKEN"]);
  };
  const withPassword = () =>
    initiate("USER_PASSWORD_AUTH", {
      USERNAME: credentials.username,
      PASSWORD: credentials.password,
      SECRET_HASH: secretHash(credentials, credentials.username),
    });
  const withRefreshToken = async ({ refreshToken, cognitoUsername }: SignedIn) => {
    if (refreshToken === undefined) return withPassword();
    try {
      return await initiate("REFRESH_TOKEN_AUTH", {
        REFRESH_TOKEN: refreshToken,
        SECRET_HASH: secretHash(credentials, cognitoUsername),
      });
    } catch (error) {
      // Revoked, expired or refused for another reason: sign in with the password.
      if (problemOf(error) === "agent_sign_in_refused") return withPassword();
      throw error;
    }
  };

  const signIn = async (): Promise<SignedIn> => {
    if (failure && now() < failure.until) throw refused(failure.problem, failure.until - now());
    try {
      current = await (current ? withRefreshToken(current) : withPassword());
      failure = undefined;
      return current;
    } catch (error) {
      const problem = problemOf(error);
      // A wrong password stays wrong, and Cognito locks accounts that keep trying.
      const wait =
        problem === "agent_sign_in_refused"
          ? BACK_OFF_MS.max
          : Math.min(BACK_OFF_MS.max, (failure?.wait ?? BACK_OFF_MS.first / 2) * 2);
      failure = { problem, wait, until: now() + wait };
      throw refused(problem, wait, error);
    }
  };
  const signInOnce = () => {
    underWay ??= signIn().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };

  return {
    async identity() {
      if (current && now() < current.expiresAt - REFRESH_MARGIN_MS) return current;
      try {
        return await signInOnce();
      } catch (error) {
        // Until it expires, the old token is still valid.
        if (current && now() < current.expiresAt) return current;
        throw error;
      }
    },
    forget(idToken) {
      if (current?.idToken === idToken) current = { ...current, expiresAt: 0 };
    },
    problem: () => failure?.problem,
  };
}

class SignInChallenge extends Error {
  override readonly name = "SignInChallenge";
}

function readResult(
  result: AuthenticationResultType | undefined,
  oldRefreshToken: string | undefined,
): SignedIn {
  const idToken = result?.IdToken ?? "";
  // The token comes from Cognito over TLS, so it is only read here; Hasura verifies it.
  const claims = claimsSchema.parse(
    JSON.parse(Buffer.from(idToken.split(".")[1] ?? "", "base64url").toString()),
  );
  return {
    idToken,
    userId: claims.sub,
    expiresAt: claims.exp * 1000,
    cognitoUsername: claims["cognito:username"],
    refreshToken: result?.RefreshToken ?? oldRefreshToken,
  };
}

const refusals = new Set([
  "NotAuthorizedException",
  "UserNotFoundException",
  "UserNotConfirmedException",
  "PasswordResetRequiredException",
  "InvalidParameterException",
  "ResourceNotFoundException",
  "SignInChallenge",
]);
const throttles = new Set(["TooManyRequestsException", "LimitExceededException", "ThrottlingException"]);

function problemOf(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  if (refusals.has(name)) return "agent_sign_in_refused";
  return throttles.has(name) ? "agent_sign_in_throttled" : "agent_sign_in_unreachable";
}

const explained: Record<string, string> = {
  agent_sign_in_refused:
    "The server's own account may not sign in: its operator has to check AGENT_USERNAME, AGENT_PASSWORD and the client.",
  agent_sign_in_throttled: "Cognito lets the server sign in only so often. Try again later.",
  agent_sign_in_unreachable: "The server cannot reach Cognito to sign in. Try again in a minute.",
};

const refused = (problem: string, retryAfterMs: number, cause?: unknown) =>
  new ChatError("unavailable", explained[problem] ?? problem, { retryAfterMs, cause });
