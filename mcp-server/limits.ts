/** Every figure that the server holds callers, backends and itself to. */
export const limits = {
  /** Bytes of a request body: a message of 4000 characters, escaped, fits several times. */
  bodyBytes: 256 * 1024,
  /** Messages in one JSON-RPC batch, which protocol version 2025-03-26 knows. */
  batch: 20,
  /** Milliseconds that a tool call may take, the backend's work included. */
  callMs: 10_000,
  /** Milliseconds that one request to a backend may take. */
  backendMs: 5_000,
  /** Milliseconds after which a look at the backend's health counts as failed. */
  probeMs: 2_000,
  /** Milliseconds between two looks at the backend's health. */
  probeEveryMs: 15_000,
  /** Milliseconds between two looks at bans and mutes whose end has come, on Synapse: at most a minute late. */
  sweepEveryMs: 30_000,
  /** Milliseconds for a request's headers and body to arrive. */
  requestMs: 15_000,
  /** Milliseconds that an idle connection stays open: longer than the load balancer's 60 s, which would
   * otherwise send a request into a connection that is being closed. */
  keepAliveMs: 65_000,
  /** Milliseconds between SIGTERM and a forced end: inside the 30 s that ECS waits. */
  shutdownMs: 25_000,
  /** Items on a page, by default and at most. */
  page: { default: 50, max: 100 },
  /** Characters (Unicode code points) of a message. */
  contentCharacters: 4000,
  /** Characters of ids, search texts, reasons and idempotency keys. */
  textCharacters: 255,
  /** Callers whose rate is remembered; the one seen longest ago is forgotten first. */
  rememberedCallers: 10_000,
} as const;
