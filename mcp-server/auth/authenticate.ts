import type { Caller } from "./caller.ts";

/**
 * Tells who calls from the Authorization header.
 * @throws Refusal 401 without a valid token, 403 for a token that opens nothing, 500 while keys are out of reach
 */
export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

/** Without a user pool the server listens on loopback only, and whoever sits there may do everything. */
export const everyoneOnLoopback: Authenticate = () =>
  Promise.resolve({ id: "local", clientId: "local", group: "admin" });
