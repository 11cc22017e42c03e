import type { IncomingMessage } from "node:http";
import { limits } from "../limits.ts";

/** `__Host-`: only this host can set it, over TLS, and no neighbour below the same domain. */
const COOKIE = "__Host-phenom-mcp-sign-in";

/** The random value that tells this browser from others; the same for all its sign-ins under way. */
export function readBrowser(request: IncomingMessage): string | undefined {
  const found = (request.headers.cookie ?? "").split(";").map((pair) => pair.trim());
  return found.find((pair) => new RegExp(`^${COOKIE}=[\\w-]{43}$`).test(pair))?.slice(COOKIE.length + 1);
}

export const browserCookie = (value: string): string =>
  `${COOKIE}=${value}; Path=/; Max-Age=${limits.signInSeconds}; Secure; HttpOnly; SameSite=Lax`;
