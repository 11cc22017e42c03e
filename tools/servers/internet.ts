import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { listen } from "./listening.ts";

const run = promisify(execFile);
const address = "127.0.0.1";

export type Site = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** Public hosts on this machine: real names, real TLS, reached through a proxy, and nothing beside them. */
export interface Internet {
  /** For a process that honours proxy variables and OpenSSL's SSL_CERT_FILE. */
  readonly environment: Readonly<Record<string, string>>;
  /** Hosts that were asked for, in order, also those that don't exist. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

/** @param sites what answers, by host name */
export async function startInternet(sites: Readonly<Record<string, Site>>): Promise<Internet> {
  const directory = await mkdtemp(join(tmpdir(), "phenom-internet-"));
  const { key, cert } = await createCertificate(directory, Object.keys(sites));
  const asked: string[] = [];
  const sockets = new Set<Socket>();

  const origin = createHttpsServer({ key, cert }, (request, response) => {
    const site = sites[request.headers.host ?? ""];
    const failed = (error: unknown) => response.writeHead(500).end(String(error));
    if (!site) failed(`no site ${request.headers.host}`);
    else Promise.resolve(site(request, response)).catch(failed);
  });
  const originPort = await listen(origin);

  const proxy = createHttpServer((_, response) => response.writeHead(403).end("TLS only"));
  proxy.on("connect", (request, client: Socket) => {
    const host = (request.url ?? "").replace(/:443$/, "");
    asked.push(host);
    client.on("error", () => client.destroy());
    if (!sites[host]) {
      client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
      return;
    }
    const upstream = connect(originPort, address, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(upstream).pipe(client);
    });
    upstream.on("error", () => client.destroy());
  });
  for (const server of [origin, proxy])
    server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
  const proxyUrl = `http://${address}:${await listen(proxy)}`;

  return {
    environment: {
      http_proxy: proxyUrl,
      https_proxy: proxyUrl,
      no_proxy: "",
      SSL_CERT_FILE: join(directory, "tls.crt"),
    },
    asked,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([origin, proxy].map((server) => new Promise((done) => server.close(done))));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** One self-signed certificate for all names, which is its own authority. */
export async function createCertificate(directory: string, names: readonly string[]) {
  const file = (name: string) => join(directory, name);
  await writeFile(
    file("openssl.cnf"),
    `[req]
distinguished_name = name
[name]
[site]
basicConstraints = critical, CA:true
subjectAltName = ${names.map((name) => `DNS:${name}`).join(", ")}
`,
  );
  await run("openssl", [
    ...["req", "-x509", "-config", file("openssl.cnf"), "-extensions", "site", "-days", "2"],
    ...[
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-subj",
      "/CN=Phenom test site",
    ],
    ...["-keyout", file("tls.key"), "-out", file("tls.crt")],
  ]);
  // Synapse reads it as another user.
  await run("chmod", ["-R", "a+rX", directory]);
  return { key: await readFile(file("tls.key"), "utf8"), cert: await readFile(file("tls.crt"), "utf8") };
}
