import { readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { postgresBackend } from "../../mcp-server/backends/postgres.ts";
import { type Environment, environmentSchema, readServerEnvironment } from "../../mcp-server/environment.ts";
import { createLog } from "../../mcp-server/log.ts";
import { type Service, startService } from "../../mcp-server/service.ts";
import { applyMigrations, MigrationError } from "../../migrations/apply.ts";
import { ConfigurationError, describeVariable } from "../../shared/environment.ts";
import { createCommand, main } from "../cli/command.ts";
import { Problem } from "../cli/problem.ts";
import { isAlive, type LocalDatabase, startDatabase } from "./database.ts";
import { addDemoData, agentUserId } from "./demo.ts";
import { greeting } from "./greeting.ts";

const folder = resolve(".phenom-chat");
const lock = join(folder, "start.pid");

/** Starts the whole chat on this machine: PostgreSQL, schema, demo data, MCP server on loopback. */
async function start(reset: boolean): Promise<void> {
  const environment = readSettings();
  await checkNotRunning();
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
  // The PostgreSQL package would end the process at a signal before the server has stopped.
  process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);

  try {
    database = await startDatabase(folder);
    await writeFile(lock, String(process.pid));
    await applyMigrations(database.connection).catch((error: unknown) => {
      if (!(error instanceof MigrationError)) throw error;
      throw new Problem(
        error.message,
        "The data is of another release. Start over with: npm start -- --reset",
      );
    });
    await addDemoData(database.connection);
    service = await startServer(database, environment);
  } catch (error) {
    await database?.stop();
    await rm(lock, { force: true });
    throw error;
  }
  console.log(greeting(`${service.publicUrl.origin}/mcp`, folder));
}

async function checkNotRunning(): Promise<void> {
  const pid = Number(await readFile(lock, "utf8").catch(() => "0"));
  if (pid > 0 && isAlive(pid))
    throw new Problem(
      `The chat is running already, as process ${pid}: stop it first (Ctrl-C there, or kill ${pid}).`,
    );
}

function readSettings(): Environment {
  const given = Object.fromEntries(passedOn.map((name) => [name, process.env[name]]));
  return readServerEnvironment({
    ...given,
    BACKEND_TYPE: "postgres",
    DATABASE_URL: "postgres://127.0.0.1/phenom_chat",
    AGENT_USER_ID: agentUserId,
    LOG_LEVEL: given["LOG_LEVEL"] || "warn",
  });
}

async function startServer({ connection }: LocalDatabase, environment: Environment): Promise<Service> {
  const backend = postgresBackend({ connection, agentUserId });
  try {
    return await startService({ environment, backend, log: createLog(environment.LOG_LEVEL) });
  } catch (error) {
    await backend.close();
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE")
      throw new Problem(
        `Port ${environment.PORT} is in use: stop what listens there, or choose another one: PORT=${environment.PORT + 1} npm start`,
      );
    throw error;
  }
}

/** Settings of the server that apply on this machine too. */
const passedOn = ["PORT", "LOG_LEVEL", "READ_ONLY", "RATE_LIMIT_PER_SECOND", "CORS_ORIGINS"] as const;

const variablesHelp = passedOn.map(
  (name) => `  ${name.padEnd(23)}${describeVariable(environmentSchema, name).description}`,
);

/** A mistake in a variable of the server is one of the user's. */
function asProblem(error: unknown): unknown {
  return error instanceof ConfigurationError ? new Problem(error.message) : error;
}

await main(
  createCommand("npm start --", "Starts the chat on this machine: PostgreSQL, demo data and the MCP server.")
    .option("--reset", "delete all data first")
    .addHelpText("after", `\nEnvironment variables of the MCP server:\n${variablesHelp.join("\n")}`)
    .action(({ reset = false }) =>
      start(reset).catch((error: unknown) => {
        throw asProblem(error);
      }),
    ),
);
