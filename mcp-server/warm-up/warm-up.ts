import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import * as z from "zod";
import type { Caller } from "../auth/caller.ts";
import { createListener, type Routes } from "../http/listener.ts";
import { HttpError } from "../http/respond.ts";
import { createLog } from "../log.ts";
import { RateLimit } from "../rate-limit.ts";
import { type WarmUpRequest, warmUpRequests } from "./requests.ts";
import { type TokenIssuer, unsignedToken } from "./unsigned-token.ts";
import { withoutWrites } from "./without-writes.ts";

/** After so many rounds of requests a call costs about what it does after many more. */
const ROUNDS = 20;
/** With a slow backend, or on a busy machine, fewer rounds have to do. */
const ENOUGH_MS = 12_000;
const CONNECTIONS = 4;
const LOOPBACK = "127.0.0.1";
const caller: Caller = { id: "warm-up", clientId: "warm-up", session: "warm-up", group: "admin" };

/**
 * Serves requests of its own before the first real one comes: a process that has just started compiles what it runs, opens
 * connections and fetches keys, and on a quarter of a core each of its first calls takes several times as long. The
 * requests take the way of real ones: HTTP, the token's verification, protocol, schemas, the backend's reads. They write
 * nothing into the chat, and no log, metric or audit entry.
 *
 * They go to a listener on loopback that knows one caller by a random token and ends with the warm-up.
 *
 * @param issuer of the tokens. @default - the server verifies none
 * @returns the number of requests
 * @throws Error for the first request that fails, and the signal's reason
 */
export async function warmUp(
  server: Routes,
  issuer: TokenIssuer | undefined,
  signal: AbortSignal,
): Promise<number> {
  const started = performance.now();
  const { mcp } = server;
  const backend = withoutWrites(mcp.service.backend);
  const round = await warmUpRequests(backend, signal);
  const token = issuer ? await unsignedToken(issuer) : randomBytes(32).toString("base64url");
  const authorization = `Bearer ${token}`;
  const log = createLog("info", () => {});
  const routes: Routes = {
    ...server,
    ...{ oauth: undefined, log },
    mcp: {
      ...mcp,
      service: { ...mcp.service, backend, log },
      rateLimit: new RateLimit(Number.MAX_SAFE_INTEGER),
      authenticate: async (shown) => {
        await mcp.authenticate(shown).catch(() => {});
        if (shown !== authorization) throw new HttpError(401, "The warm-up has one caller.");
        return caller;
      },
    },
  };
  const listener = createListener(() => routes);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  try {
    listener.listen(0, LOOPBACK);
    await once(listener, "listening");
    const address = listener.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const waiting = Array.from({ length: ROUNDS }, () => round).flat();
    let sent = 0;
    const worker = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await send({ agent, port, host: mcp.publicUrl.host, authorization, signal }, next, ++sent);
        if (performance.now() - started > ENOUGH_MS) return;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, worker));
    return sent;
  } finally {
    agent.destroy();
    listener.close();
    listener.closeAllConnections();
  }
}

interface Connection {
  readonly agent: Agent;
  readonly port: number;
  /** The name under which the server knows itself: it refuses others. */
  readonly host: string;
  readonly authorization: string;
  readonly signal: AbortSignal;
}

const answer = z.object({
  result: z.looseObject({
    isError: z.boolean().optional(),
    content: z.array(z.looseObject({ text: z.string().optional() })).optional(),
  }),
});

/** `fetch` would load a client that a server on PostgreSQL does not need, and keep its memory. */
async function send(
  { agent, port, host, authorization, signal }: Connection,
  message: WarmUpRequest,
  id: number,
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", id, ...message }));
  const headers = {
    ...{ host, authorization },
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "content-length": body.length,
  };
  const options = { agent, host: LOOPBACK, port, method: "POST", path: "/mcp", headers, signal };
  const text = await new Promise<string>((resolve, reject) => {
    const request = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
  const parsed = answer.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`${message.method}: ${text.slice(0, 200)}`);
  const { isError, content } = parsed.data.result;
  if (isError) throw new Error(`${message.method}: ${content?.[0]?.text}`);
}
