import {
  createServer,
  type IncomingMessage,
  type RequestOptions,
  request,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import type { Duplex } from "node:stream";
import { close, listen } from "./listening.ts";
import type { AlbOutcome, AlbRequest } from "./load-balancer-rules.ts";

/** A running load balancer that forwards requests by the rules and records who answered. */
export interface AlbServer {
  readonly url: string;
  /** `<target> <method> <path>` of every request, in order. */
  readonly answered: readonly string[];
  stop(): Promise<void>;
}

export interface AlbOptions {
  /** The rules, evaluated. */
  readonly balance: (request: AlbRequest) => AlbOutcome;
  /** Host name that clients use. */
  readonly host: string;
  /** Targets of a target group that receive requests, used in turn. */
  readonly targets: (targetGroup: string) => readonly string[];
  /** Current URL of a target. */
  readonly urlOf: (target: string) => string;
  /** Is told of every request that is forwarded. */
  readonly onForward?: (target: string, method: string, path: string) => void;
  /** Page of a user pool's domain where people sign in. @default - the listener has no such rule */
  readonly signInPage?: (domain: string) => string;
  /** Answers what no rule of ours matches. @default - 404 */
  readonly otherwise?: (incoming: IncomingMessage, response: ServerResponse) => void;
  /** Milliseconds without a byte from the target after which the request ends. @default - Elastic Load Balancing's 60 s */
  readonly idleTimeout?: number;
}

const IDLE_TIMEOUT = 60_000;

/** @param balance the rules, evaluated; see {@link AlbOptions} for the others */
export async function startAlb(
  balance: AlbOptions["balance"],
  host: string,
  targets: AlbOptions["targets"],
  urlOf: AlbOptions["urlOf"],
  { idleTimeout = IDLE_TIMEOUT }: Pick<AlbOptions, "idleTimeout"> = {},
): Promise<AlbServer> {
  const answered: string[] = [];
  const onForward = (target: string, method: string, path: string) =>
    answered.push(`${target} ${method} ${path}`);
  const options = { balance, host, targets, urlOf, onForward, idleTimeout };
  const server = createServer(albListener(options)).on("upgrade", albUpgrade(options));
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    answered,
    stop: () => close(server),
  };
}

/** What a load balancer does with the requests at its HTTPS listener. */
export function albListener(
  options: AlbOptions,
): (incoming: IncomingMessage, response: ServerResponse) => void {
  let turn = 0;
  return (incoming, response) => {
    const outcome = options.balance({ host: options.host, target: incoming.url ?? "/" });
    if (!("forwardTo" in outcome)) return answer(options, outcome, incoming, response);
    const group = options.targets(outcome.forwardTo);
    const target = group[turn++ % group.length];
    if (!target) {
      response.writeHead(503).end();
      return;
    }
    options.onForward?.(target, incoming.method ?? "", outcome.target.replace(/\?.*$/, ""));
    forward(options, options.urlOf(target), outcome.target, incoming, response);
  };
}

/** What a load balancer does with requests for a WebSocket: it forwards by the same rules, and then both ways. */
function albUpgrade(options: AlbOptions): (incoming: IncomingMessage, client: Duplex, head: Buffer) => void {
  return (incoming, client, head) => {
    const outcome = options.balance({ host: options.host, target: incoming.url ?? "/" });
    const [target] = "forwardTo" in outcome ? options.targets(outcome.forwardTo) : [];
    if (!("forwardTo" in outcome) || !target) return void refuse(client, 404);
    options.onForward?.(target, incoming.method ?? "", outcome.target.replace(/\?.*$/, ""));
    request(onwardRequest(options.host, options.urlOf(target), outcome.target, incoming))
      .once("upgrade", (reply, server, first) => {
        const headers = Object.entries(reply.headers).map(([name, value]) => `${name}: ${value}\r\n`);
        client.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.join("")}\r\n`);
        client.write(first);
        server.write(head);
        for (const socket of [client, server])
          socket
            .on("error", () => socket.destroy())
            .once("close", () => {
              client.destroy();
              server.destroy();
            });
        client.pipe(server).pipe(client);
      })
      .once("response", ({ statusCode = 502 }) => refuse(client, statusCode))
      .once("error", () => refuse(client, 502))
      .end();
  };
}

const refuse = (client: Duplex, status: number) =>
  client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);

function answer(
  { signInPage, otherwise }: AlbOptions,
  outcome: Exclude<AlbOutcome, { forwardTo: string }>,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  if ("status" in outcome)
    response.writeHead(outcome.status, outcome.location ? { location: outcome.location } : {}).end();
  else if ("signInAt" in outcome && signInPage)
    response.writeHead(302, { location: signInPage(outcome.signInAt) }).end();
  else if (outcome.priority === "default" && otherwise) otherwise(incoming, response);
  else response.writeHead(404).end();
}

function forward(
  { host, idleTimeout = IDLE_TIMEOUT }: AlbOptions,
  url: string,
  path: string,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  const onward = request(onwardRequest(host, url, path, incoming), (reply) => {
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(response);
  });
  const fail = (status: number) => {
    if (response.writableEnded) return;
    if (response.headersSent) response.destroy();
    else response.writeHead(status, { "content-type": "text/html" }).end();
  };
  onward.once("error", () => fail(502));
  onward.setTimeout(idleTimeout, () => {
    fail(504);
    onward.destroy();
  });
  response.once("close", () => onward.destroy());
  incoming.pipe(onward);
}

/** The request as the target gets it. */
function onwardRequest(host: string, url: string, path: string, incoming: IncomingMessage): RequestOptions {
  const { hostname, port } = new URL(url);
  return {
    ...{ hostname, port, method: incoming.method },
    // As it was sent, neither decoded nor normalised.
    path,
    headers: {
      ...incoming.headers,
      host,
      "x-forwarded-for": "198.51.100.7",
      "x-forwarded-proto": "https",
    },
  };
}
