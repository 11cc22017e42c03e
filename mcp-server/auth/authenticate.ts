import type { Caller } from "./caller.ts";

/**
 * Identifies the caller by the Authorization header.
 * @throws HttpError 401 without a valid token, 403 for a token without a group, 500 if the keys cannot be read
 */
export type Authenticate = (authorization: string | undefined) => Promise<Caller>;

/** Without a user pool the server listens on loopback only, and every local caller may do everything. */
export const everyoneOnLoopback: Authenticate = () =>
  Promise.resolve({ id: "local", clientId: "local", session: "local", group: "admin" });
