import { once } from "node:events";
import { mkdirSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, createServer, type Server, type Socket } from "node:net";
import path from "node:path";
import { createCertificate, type Site } from "../servers/internet.ts";

/** What a stage listens on, on addresses of its network. */
export interface Listener {
  stop(): Promise<void>;
}

/** Sites with TLS on port 443, whose names a hosts file leads to `address`. */
export async function startSites(
  address: string,
  sites: Readonly<Record<string, Site>>,
  folder: string,
): Promise<Listener & { readonly certificateFile: string }> {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { key, cert } = await createCertificate(folder, Object.keys(sites));
  const server = createHttpsServer({ key, cert }, (request, response) => {
    const site = sites[(request.headers.host ?? "").replace(/:443$/, "")];
    const failed = (error: unknown) => {
      if (!response.headersSent) response.writeHead(500);
      response.end(String(error));
    };
    if (!site) return failed(`no site ${request.headers.host}`);
    Promise.resolve(site(request, response)).catch(failed);
  });
  server.listen(443, address);
  await once(server, "listening");
  return { certificateFile: path.join(folder, "tls.crt"), stop: () => closed(server) };
}

/** Lets the network reach a server of this machine's loopback at an address and port of its own. */
export async function forwardPort(address: string, port: number, target: number): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
      socket.on("error", () => socket.destroy());
    }
    client.pipe(upstream).pipe(client);
  });
  server.listen(port, address);
  await once(server, "listening");
  return {
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await closed(server);
    },
  };
}

const closed = (server: Server | HttpServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
