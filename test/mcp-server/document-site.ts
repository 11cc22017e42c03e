import { mkdtemp, rm } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { createServer } from "node:https";
import type { LookupFunction } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RequestFilteringAgentOptions, RequestFilteringHttpsAgent } from "request-filtering-agent";
import { createCertificate } from "../../tools/servers/internet.ts";
import { close, listen } from "../../tools/servers/listening.ts";

/** A website on this machine under public names, with real TLS. */
export interface DocumentSite {
  /** Connections that it got. */
  readonly connections: number;
  /** The agent that production has, but every name resolves to `address`, and port 443 is the site's. */
  agent(address: string, options?: RequestFilteringAgentOptions): RequestFilteringHttpsAgent;
  stop(): Promise<void>;
}

export async function startDocumentSite(
  names: readonly string[],
  answer: RequestListener,
): Promise<DocumentSite> {
  const directory = await mkdtemp(join(tmpdir(), "phenom-documents-"));
  const { key, cert } = await createCertificate(directory, names);
  const server = createServer({ key, cert }, answer);
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  const port = await listen(server);

  class LocalAgent extends RequestFilteringHttpsAgent {
    override createConnection(
      options: Parameters<RequestFilteringHttpsAgent["createConnection"]>[0],
      listener?: Parameters<RequestFilteringHttpsAgent["createConnection"]>[1],
    ) {
      return super.createConnection({ ...options, port }, listener);
    }
  }
  return {
    get connections() {
      return connections;
    },
    agent(address, options = {}) {
      const family = address.includes(":") ? 6 : 4;
      const lookup: LookupFunction = (_name, { all }, found) =>
        all ? found(null, [{ address, family }]) : found(null, address, family);
      return new LocalAgent({ ...options, ...{ lookup, ca: cert } });
    },
    async stop() {
      await close(server);
      await rm(directory, { recursive: true, force: true });
    },
  };
}
