import { createServer, request } from "node:http";
import { close, listen } from "../tools/servers/listening.ts";
import type { AlbOutcome, AlbRequest } from "./alb.ts";

/** A running load balancer that forwards requests by the rules and records who answered. */
export interface AlbServer {
  readonly url: string;
  /** `<target> <method> <path>` of every request, in order. */
  readonly answered: readonly string[];
  stop(): Promise<void>;
}

/**
 * @param balance the rules, evaluated
 * @param host host name that clients use
 * @param targets names of the targets of a target group, used in turn
 * @param urlOf current URL of a target
 */
export async function startAlb(
  balance: (request: AlbRequest) => AlbOutcome,
  host: string,
  targets: (targetGroup: string) => readonly string[],
  urlOf: (target: string) => string,
): Promise<AlbServer> {
  const answered: string[] = [];
  let turn = 0;
  const server = createServer((incoming, response) => {
    const outcome = balance({ host, target: incoming.url ?? "/" });
    if (!("forwardTo" in outcome)) {
      response.writeHead("status" in outcome ? outcome.status : 404).end();
      return;
    }
    const group = targets(outcome.forwardTo);
    const target = group[turn++ % group.length];
    if (!target) {
      response.writeHead(503).end();
      return;
    }
    answered.push(`${target} ${incoming.method} ${outcome.target.replace(/\?.*$/, "")}`);
    const { hostname, port } = new URL(urlOf(target));
    const onward = request(
      {
        ...{ hostname, port, method: incoming.method },
        // As it was sent, neither decoded nor normalised.
        path: outcome.target,
        headers: {
          ...incoming.headers,
          host,
          "x-forwarded-for": "198.51.100.7",
          "x-forwarded-proto": "https",
        },
      },
      (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      },
    );
    onward.once("error", () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502, { "content-type": "application/json" }).end('{"errcode":"BAD_GATEWAY"}');
    });
    response.once("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    answered,
    stop: () => close(server),
  };
}
