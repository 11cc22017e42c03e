import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "../environment.ts";
import { HttpError } from "./respond.ts";

/**
 * Refuses requests that a browser was tricked into sending (DNS rebinding): Host must be the server's own name, and
 * Origin, if present, its own origin or one of those that may call it. A server on loopback accepts every name of loopback.
 */
export function checkOrigin(
  { host, origin }: IncomingHttpHeaders,
  own: URL,
  corsOrigins: readonly string[],
): void {
  // A Host header omits the scheme's default port, so only the name is compared.
  const named = host === own.host ? own : bareUrl(`http://${host ?? ""}`);
  if (!named || !(named.hostname === own.hostname || bothLoopback(named, own)))
    throw new HttpError(403, `Host ${JSON.stringify(host ?? "")} is not served here; use ${own.host}.`);
  if (origin === undefined || corsOrigins.includes(origin)) return;
  const from = bareUrl(origin);
  if (!from || !(from.origin === own.origin || bothLoopback(from, own)))
    throw new HttpError(403, `Origin ${JSON.stringify(origin)} may not call this server.`);
}

/** A URL that consists of scheme, host and port only. */
function bareUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && url.username === "" && url.pathname === "/" && url.search === "" ? url : undefined;
}

const bothLoopback = (one: URL, other: URL) => isLoopback(bareHost(one)) && isLoopback(bareHost(other));
const bareHost = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, "");
