/** All limits for callers, backends and the server itself. */
export const limits = {
  /** Bytes of a request body: a message of 4000 characters, escaped, fits several times. */
  bodyBytes: 256 * 1024,
  /** Messages in one JSON-RPC batch, a feature of protocol version 2025-03-26. */
  batch: 20,
  /**
   * Requests that one task works on at once; the others wait for their turn. A call that waits in the middle, for a
   * connection to the backend, outlives several collections of garbage, and then so does the page that it reads.
   */
  requestsAtOnce: 16,
  /** Milliseconds that a tool call may take, including the wait for its turn and the backend. */
  callMs: 10_000,
  /** Milliseconds that one request to a backend may take. */
  backendMs: 5_000,
  /** Milliseconds after which a probe of the backend counts as failed. */
  probeMs: 2_000,
  /** Milliseconds between two probes of the backend. */
  probeEveryMs: 15_000,
  /** Milliseconds between two sweeps that end bans and mutes on Synapse: an end is at most a minute late. */
  sweepEveryMs: 30_000,
  /** Milliseconds for which a Matrix room that was open counts as open. A Matrix client that sends knows its last sync. */
  seenOpenMs: 5_000,
  /** Milliseconds for a request's headers and body to arrive. */
  requestMs: 15_000,
  /** Milliseconds that an idle connection stays open: longer than the load balancer's 60 s, so that it never sends a
   * request on a connection that is being closed. */
  keepAliveMs: 65_000,
  /** Milliseconds that the warm-up may take: half of the 60 s in which failed health checks don't count. */
  warmUpMs: 30_000,
  /** Milliseconds between SIGTERM and a forced exit: less than the 30 s that ECS waits. */
  shutdownMs: 25_000,
  /** Items on a page, by default and at most. */
  page: { default: 50, max: 100 },
  /** Bytes of a page's text, after which it ends early. */
  pageBytes: 60_000,
  /** Messages that one ban deletes at most. */
  deletions: 1000,
  /** Milliseconds that a ban on Synapse spends on deleting messages. */
  redactMs: 7_000,
  /** Characters (Unicode code points) of a message. */
  contentCharacters: 4000,
  /** Characters of ids, search texts, reasons and idempotency keys. */
  textCharacters: 255,
  /** Seconds that a person has to sign in with Cognito. */
  signInSeconds: 15 * 60,
  /** Seconds in which a client must exchange its code. */
  codeSeconds: 60,
  /** Requests of the sign-in per second in the long run, from one address and to one task; three times as many at once. */
  signInRequests: { perAddress: 5, perTask: 50 },
  /** Bytes of a body that the sign-in reads. */
  oauthBytes: 16 * 1024,
  /** Characters of a client's own state: with everything else it has to fit into an address. */
  stateCharacters: 2000,
  /** Addresses of one client, and characters of its name. */
  redirectUris: 10,
  clientName: 60,
  /** Metadata documents of clients: bytes, milliseconds to read one, how many at once, how many are kept and how long. */
  documentBytes: 16 * 1024,
  documentMs: 5_000,
  documentsAtOnce: 10,
  documentsKept: 200,
  documentKeptMs: 5 * 60_000,
  /** Callers with a token bucket; the one seen longest ago is removed first. */
  rememberedCallers: 10_000,
} as const;
