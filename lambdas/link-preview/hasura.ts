import type { Secret } from "../shared/secret.ts";
import { type Ask, GraphqlError, graphql } from "./graphql.ts";

/**
 * Asks Hasura with its admin secret, which is read once more where Hasura turns it down: it was rotated.
 */
export function askHasura(endpoint: string, adminSecret: Secret): Ask {
  const ask = (secret: string, ...[query, variables, signal]: Parameters<Ask>) =>
    graphql(endpoint, { "x-hasura-admin-secret": secret }, query, variables, signal);
  return async (query, variables, signal) => {
    const secret = await adminSecret.read(signal);
    try {
      return await ask(secret, query, variables, signal);
    } catch (error) {
      if (!isTurnedDown(error)) throw error;
      const current = await adminSecret.readAgain(signal);
      if (current === secret) throw error;
      return ask(current, query, variables, signal);
    }
  };
}

const isTurnedDown = (error: unknown) =>
  error instanceof GraphqlError && ["access-denied", "http-401"].includes(error.code);
