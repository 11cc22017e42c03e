/**
 * HTTP status by outcome. Hasura takes any 2xx as the end of an event and delivers the event again after any other
 * status, so a request that can never succeed is answered with 200 too.
 */
export const statusCodes = {
  stored: 200,
  cached: 200,
  superseded: 200,
  renewed: 200,
  dropped: 200,
  unauthorized: 401,
  failed: 503,
  misconfigured: 500,
} as const;

export type Outcome = keyof typeof statusCodes;
