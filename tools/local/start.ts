import { readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { postgresBackend } from "../../mcp-server/backends/postgres.ts";
import { readServerEnvironment } from "../../mcp-server/environment.ts";
import { createLog } from "../../mcp-server/log.ts";
import { type Service, startService } from "../../mcp-server/service.ts";
import { applyMigrations, MigrationError } from "../../migrations/apply.ts";
import { ConfigurationError } from "../../shared/environment.ts";
import { isAlive, type LocalDatabase, startDatabase } from "./database.ts";
import { addDemoData, agentUserId } from "./demo.ts";
import { greeting } from "./greeting.ts";
import { Problem } from "./problem.ts";

const folder = resolve(".phenom-chat");
const lock = join(folder, "start.pid");

/** The whole chat on this machine: PostgreSQL, schema, people and messages to try, MCP server on loopback. */
async function start(): Promise<void> {
  const { reset } = readArguments();
  await checkAlone();
  if (reset) await rm(folder, { recursive: true, force: true });

  let database: LocalDatabase | undefined;
  let service: Service | undefined;
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    await service?.stop();
    await database?.stop();
    await rm(lock, { force: true });
    console.log("Stopped.");
    process.exit(0);
  };
  // The PostgreSQL package ends the process at a signal by itself, before the server has finished.
  process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);

  try {
    database = await startDatabase(folder);
    await writeFile(lock, String(process.pid));
    await applyMigrations(database.connection).catch((error: unknown) => {
      if (!(error instanceof MigrationError)) throw error;
      throw new Problem(
        `${error.message}\nThe data is of another release. Begin anew with: npm start -- --reset`,
      );
    });
    await addDemoData(database.connection);
    service = await startServer(database);
  } catch (error) {
    await database?.stop();
    await rm(lock, { force: true });
    throw error;
  }
  console.log(greeting(`${service.publicUrl.origin}/mcp`, folder));
}

function readArguments(): { reset: boolean } {
  try {
    const { values } = parseArgs({ options: { reset: { type: "boolean", default: false } } });
    return values;
  } catch (error) {
    throw new Problem(`${error instanceof Error ? error.message : error} Usage: npm start [-- --reset]`);
  }
}

async function checkAlone(): Promise<void> {
  const pid = Number(await readFile(lock, "utf8").catch(() => "0"));
  if (pid > 0 && isAlive(pid))
    throw new Problem(
      `The chat runs already, as process ${pid}: stop it first (Ctrl-C there, or kill ${pid}).`,
    );
}

async function startServer({ connection }: LocalDatabase): Promise<Service> {
  const port = process.env["PORT"] ?? "3001";
  const environment = readServerEnvironment({
    BACKEND_TYPE: "postgres",
    DATABASE_URL: "postgres://127.0.0.1/phenom_chat",
    AGENT_USER_ID: agentUserId,
    PORT: port,
    LOG_LEVEL: process.env["LOG_LEVEL"] ?? "warn",
  });
  const backend = postgresBackend({ connection, agentUserId });
  try {
    return await startService({ environment, backend, log: createLog(environment.LOG_LEVEL) });
  } catch (error) {
    await backend.close();
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
      throw new Problem(
        `Port ${port} is in use: stop what listens there, or take another: PORT=3002 npm start`,
      );
    throw error;
  }
}

start().catch((error: unknown) => {
  console.error(error instanceof Problem || error instanceof ConfigurationError ? error.message : error);
  process.exit(1);
});
