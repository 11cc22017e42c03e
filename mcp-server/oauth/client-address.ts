import type { IncomingMessage } from "node:http";

/**
 * Address to count requests by. Cloudflare names the client's, and the load balancer adds the address that called it. Who
 * calls the load balancer without Cloudflare may name any, so the limit over all addresses counts as well.
 */
export function clientAddress({ headers, socket }: IncomingMessage): string {
  const cloudflare = headers["cf-connecting-ip"];
  const forwarded = headers["x-forwarded-for"];
  const last = (Array.isArray(forwarded) ? forwarded.join() : (forwarded ?? "")).split(",").at(-1)?.trim();
  return String(cloudflare ?? (last || socket.remoteAddress)).slice(0, 64);
}
