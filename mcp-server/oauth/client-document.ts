import type { IncomingMessage } from "node:http";
import { type Agent, request } from "node:https";
import { RequestFilteringHttpsAgent } from "request-filtering-agent";
import * as z from "zod";
import { limits } from "../limits.ts";
import { type Client, clientName, redirectUris } from "./client.ts";
import { PageError } from "./errors.ts";

/** The client of a metadata document's address. @throws PageError */
export type ClientDocuments = (clientId: string) => Promise<Client>;

const documentSchema = z.object({
  client_id: z.string(),
  client_name: clientName,
  redirect_uris: redirectUris,
  token_endpoint_auth_method: z
    .literal("none", "must be none, because clients have no secret here")
    .default("none"),
});

/** Connects to public addresses only, whatever a name resolves to, so that nobody reaches the VPC through this server. */
const publicOnly = new RequestFilteringHttpsAgent({ maxSockets: limits.documentsAtOnce });

/** Reads client id metadata documents, and keeps those that it read for some minutes. */
export function clientDocuments(agent: Agent = publicOnly): ClientDocuments {
  const kept = new Map<string, { readonly client: Client; readonly until: number }>();
  let reading = 0;
  return async (clientId) => {
    const known = kept.get(clientId);
    if (known && Date.now() < known.until) return known.client;
    const url = documentUrl(clientId);
    if (reading >= limits.documentsAtOnce)
      throw new PageError("Too many sign-ins begin at once. Try again in a minute.", { status: 429 });
    reading += 1;
    try {
      const client = parse(clientId, url, await read(url, agent));
      if (kept.size >= limits.documentsKept) kept.clear();
      kept.set(clientId, { client, until: Date.now() + limits.documentKeptMs });
      return client;
    } finally {
      reading -= 1;
    }
  };
}

/** Whether a client id is the address of a document. */
export const isDocumentAddress = (clientId: string): boolean => clientId.startsWith("https://");

/** @throws PageError unless the address has the form that the draft on client id metadata documents asks for */
function documentUrl(clientId: string): URL {
  const url = URL.canParse(clientId) ? new URL(clientId) : undefined;
  const valid =
    url &&
    url.href === clientId &&
    clientId.length <= 500 &&
    url.username === "" &&
    url.password === "" &&
    url.port === "" &&
    url.hash === "" &&
    url.pathname !== "/" &&
    // A name with a top-level domain, so neither an IP address nor a host of the VPC.
    /\.[a-z][a-z0-9-]*$/.test(url.hostname);
  if (!valid)
    throw new PageError(
      "The client's id must be an https address with a path, and without a port, a user or a fragment.",
    );
  return url;
}

function parse(clientId: string, url: URL, text: string): Client {
  const problem = (reason: string) =>
    new PageError(`The client's metadata document at ${url.host} can't be used: ${reason}.`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw problem("it is not JSON");
  }
  const parsed = documentSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw problem(`${issue?.path.join(".") || "the document"}: ${issue?.message ?? "is invalid"}`);
  }
  const { client_id, client_name, redirect_uris } = parsed.data;
  if (client_id !== clientId) throw problem("its client_id is not its address");
  return { name: client_name, redirectUris: redirect_uris, publisher: url.host };
}

/** Bounded in size and time, and without following redirects, which could lead elsewhere. */
function read(url: URL, agent: Agent): Promise<string> {
  const problem = (reason: string, cause?: unknown) =>
    new PageError(`The client's metadata document at ${url.host} can't be read: ${reason}.`, { cause });
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      { agent, headers: { accept: "application/json" }, signal: AbortSignal.timeout(limits.documentMs) },
      (response: IncomingMessage) => {
        const { statusCode, headers } = response;
        const refuse = (reason: string) => {
          asked.destroy();
          reject(problem(reason));
        };
        if (statusCode !== 200) return refuse(`its status is ${statusCode}, not 200`);
        if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(headers["content-type"] ?? ""))
          return refuse("its content type is not application/json");
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (text.length > limits.documentBytes) refuse(`it has more than ${limits.documentBytes} bytes`);
        });
        response.on("end", () => resolve(text));
        response.on("error", (error) => reject(problem("the connection broke", error)));
      },
    );
    // The cause stays in the log: it would tell a stranger what is on this network.
    asked.on("error", (error) => reject(problem("its host can't be reached", error)));
    asked.end();
  });
}
