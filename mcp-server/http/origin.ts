import type { IncomingHttpHeaders } from "node:http";
import { isLoopback } from "../environment.ts";
import { Refusal } from "./respond.ts";

/**
 * Refuses requests that a browser was tricked into sending (DNS rebinding): Host has to be the server's own
 * name, and Origin, where there is one, its own origin. A server on loopback also goes by loopback's names.
 */
export function checkOrigin({ host, origin }: IncomingHttpHeaders, own: URL): void {
  // A Host header leaves the scheme's default port out, so the name alone decides.
  const named = bareUrl(`http://${host ?? ""}`);
  if (!named || !(named.hostname === own.hostname || bothLoopback(named, own)))
    throw new Refusal(403, `Host ${JSON.stringify(host ?? "")} is not served here; use ${own.host}.`);
  if (origin === undefined) return;
  const from = bareUrl(origin);
  if (!from || !(from.origin === own.origin || bothLoopback(from, own)))
    throw new Refusal(403, `Origin ${JSON.stringify(origin)} may not call this server.`);
}

/** A URL of scheme, host and port, and nothing else. */
function bareUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && url.username === "" && url.pathname === "/" && url.search === "" ? url : undefined;
}

const bothLoopback = (one: URL, other: URL) => isLoopback(bareHost(one)) && isLoopback(bareHost(other));
const bareHost = ({ hostname }: URL) => hostname.replace(/^\[|\]$/g, "");
