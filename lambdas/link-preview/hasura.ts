import { type GraphqlEndpoint, GraphqlError, graphql } from "../../shared/graphql.ts";
import type { Secret } from "../shared/secret.ts";

/** Bytes of an answer that are read; a preview needs a few hundred. */
const MAX_ANSWER_BYTES = 256 * 1024;

/** Sends one GraphQL operation to an endpoint. */
export type Send = (query: string, variables: object, signal: AbortSignal) => Promise<unknown>;

/** Sends to an endpoint that needs no secret. */
export const sendTo =
  (url: string, headers: GraphqlEndpoint["headers"] = {}): Send =>
  (query, variables, signal) =>
    graphql({ url, headers, maxBytes: MAX_ANSWER_BYTES }, query, variables, signal);

/**
 * Sends with Hasura's admin secret, which is read once more if Hasura refuses it: it was rotated.
 *
 * @param role whose permissions apply. @default - none apply
 */
export function sendToHasura(url: string, adminSecret: Secret, role?: string): Send {
  const sendWith = (secret: string) =>
    sendTo(url, { "x-hasura-admin-secret": secret, ...(role !== undefined && { "x-hasura-role": role }) });
  return async (query, variables, signal) => {
    const secret = await adminSecret.read(signal);
    try {
      return await sendWith(secret)(query, variables, signal);
    } catch (error) {
      if (!isRefused(error)) throw error;
      const current = await adminSecret.readAgain(signal);
      if (current === secret) throw error;
      return sendWith(current)(query, variables, signal);
    }
  };
}

const isRefused = (error: unknown) =>
  error instanceof GraphqlError && (error.code === "access-denied" || error.status === 401);
