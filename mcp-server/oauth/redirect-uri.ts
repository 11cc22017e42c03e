/** Names under which a program listens on its user's own computer. */
const loopback = ["127.0.0.1", "[::1]", "localhost"];

/** Schemes of desktop programs that are no reversed domain name, which RFC 8252 asks for. */
const knownSchemes = ["cursor:", "vscode:", "vscode-insiders:", "windsurf:", "zed:", "raycast:", "goose:"];

const isLoopback = ({ protocol, hostname }: URL) => protocol === "http:" && loopback.includes(hostname);

/** What is wrong with a redirect address that a client wants to register; `undefined` if nothing is. */
export function redirectProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "is no URL";
  const url = new URL(text);
  if (text.length > 500) return "has more than 500 characters";
  if (text.includes("#")) return "has a fragment";
  if (url.username !== "" || url.password !== "") return "names a user";
  const known = url.protocol === "https:" || isLoopback(url) || knownSchemes.includes(url.protocol);
  // RFC 8252, section 7.1: a private-use scheme is a reversed domain name, so it has a dot.
  if (known || /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+:$/.test(url.protocol)) return undefined;
  return `must begin with https:, with http: on ${loopback.join(", ")}, or with a program's own scheme such as com.example.app:`;
}

/** Compares exactly, except that a program on the user's own computer may listen on any port (RFC 8252, section 7.3). */
export function isRegistered(asked: string, registered: readonly string[]): boolean {
  if (redirectProblem(asked) !== undefined) return false;
  return registered.some(
    (uri) => uri === asked || (URL.canParse(uri) && withoutPort(uri) === withoutPort(asked)),
  );
}

function withoutPort(uri: string): string {
  const url = new URL(uri);
  if (isLoopback(url)) url.port = "";
  return url.href;
}

/** Where a person's sign-in goes, in words. */
export function describeRedirect(text: string): string {
  const url = new URL(text);
  if (isLoopback(url)) return `a program on this computer, at ${url.host}`;
  if (url.protocol === "https:") return `the website ${url.host}`;
  return `the program on this computer that opens ${url.protocol} links`;
}

/** The redirect address with the answer's parameters. */
export function withParameters(
  uri: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value);
  return url.href;
}
