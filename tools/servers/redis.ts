import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { requireTools } from "../setup/require-tools.ts";
import { tools } from "../setup/tools.ts";
import { freePort } from "./free-port.ts";
import { untilListening } from "./listening.ts";

const redisServer = tools.redis.path("server");

export interface Redis {
  readonly host: string;
  readonly port: number;
  /** Runs `meanwhile` while nothing answers at the port, then starts anew, with nothing kept. */
  interrupt(meanwhile: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a Redis of its own that, as ElastiCache with encryption in transit, speaks TLS only. It keeps nothing. */
export async function startRedis(): Promise<Redis> {
  requireTools(tools.redis, tools.openssl);
  const directory = await mkdtemp(join(tmpdir(), "phenom-redis-"));
  const [key, certificate] = [join(directory, "server.key"), join(directory, "server.crt")];
  await promisify(execFile)("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=127.0.0.1", "-keyout", key, "-out", certificate],
  ]);
  const host = "127.0.0.1";
  const port = await freePort();
  const start = () =>
    startServer(port, [
      ...["--bind", host, "--port", "0", "--tls-port", String(port), "--tls-auth-clients", "no"],
      ...["--tls-cert-file", certificate, "--tls-key-file", key],
      ...["--save", "", "--appendonly", "no", "--dir", directory],
    ]);
  let stopServer = await start();
  return {
    host,
    port,
    async interrupt(meanwhile) {
      await stopServer();
      await meanwhile();
      stopServer = await start();
    },
    async stop() {
      await stopServer();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Returns what stops it. */
async function startServer(port: number, args: readonly string[]): Promise<() => Promise<void>> {
  const child = spawn(redisServer, args, { stdio: ["ignore", "pipe", "pipe"] });
  const output: string[] = [];
  child.stdout.on("data", (chunk) => output.push(String(chunk)));
  child.stderr.on("data", (chunk) => output.push(String(chunk)));
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  await untilListening(child, port).catch(async (error: unknown) => {
    await stop();
    throw new Error(`redis-server did not start\n${output.join("")}`, { cause: error });
  });
  return stop;
}
