import { readFile } from "node:fs/promises";
import { Socket } from "node:net";
import { Client, DatabaseError, type QueryConfig } from "pg";
import * as z from "zod/mini";
import { parseJson } from "../../../shared/json.ts";
import type { Secret } from "../secret.ts";

export interface DatabaseOptions {
  readonly host: string;
  readonly port: number;
  readonly name: string;
  /** JSON with username and password. */
  readonly secret: Secret;
  /** PEM file of the authorities that may sign the server's certificate. */
  readonly caFile: string;
}

/** Time after which a connection from an earlier invocation counts as dead. */
const REUSED_TIMEOUT_MS = 1000;

/** Time after which the server cancels a statement: nobody waits for it any more. */
const STATEMENT_TIMEOUT_MS = 3000;

const credentials = z.object({
  username: z.string().check(z.minLength(1)),
  password: z.string().check(z.minLength(1)),
});
type Credentials = z.infer<typeof credentials>;

interface Connection {
  readonly client: Client;
  readonly socket: Socket;
  /** Whether it served an invocation before: it may have died while Lambda kept the process frozen. */
  isUsed: boolean;
}

/** One connection that is kept between invocations and replaced when it is dead. */
export class Database {
  private readonly options: DatabaseOptions;
  private kept: Connection | undefined;
  private opening: { readonly connection: Promise<Connection>; readonly signal: AbortSignal } | undefined;
  private ca: string | undefined;

  constructor(options: DatabaseOptions) {
    this.options = options;
  }

  /** Connects ahead of the statement, unless connected. */
  prepare(signal: AbortSignal): void {
    // `run` meets the same failure and reports it.
    this.connect(signal).catch(() => {});
  }

  /**
   * Runs an idempotent statement: if a kept connection fails, the statement runs once more on a new one.
   *
   * @returns the statement's rows
   * @throws DatabaseError, Error if the server cannot be reached, or the signal's reason
   */
  async run(statement: QueryConfig, signal: AbortSignal): Promise<readonly unknown[]> {
    const connection = await this.connect(signal);
    if (!connection.isUsed) return this.query(connection, statement, signal);
    const timer = setTimeout(() => this.discard(connection), REUSED_TIMEOUT_MS);
    try {
      return await this.query(connection, statement, signal);
    } catch (error) {
      if (this.kept || signal.aborted) throw error;
      return await this.query(await this.connect(signal), statement, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  private async query(
    connection: Connection,
    statement: QueryConfig,
    signal: AbortSignal,
  ): Promise<readonly unknown[]> {
    connection.isUsed = true;
    try {
      const { rows } = await untilAborted(connection.socket, signal, () =>
        connection.client.query(statement),
      );
      return rows;
    } catch (error) {
      // The connection survives an error of the statement, and no other.
      if (!(error instanceof DatabaseError && error.severity === "ERROR")) this.discard(connection);
      throw error;
    }
  }

  private async connect(signal: AbortSignal): Promise<Connection> {
    if (this.kept) return this.kept;
    // An attempt of an earlier invocation may have been aborted and not have ended yet.
    if (!this.opening || this.opening.signal.aborted)
      this.opening = { connection: this.open(signal), signal };
    const { opening } = this;
    try {
      this.kept = await opening.connection;
      return this.kept;
    } finally {
      if (this.opening === opening) this.opening = undefined;
    }
  }

  private async open(signal: AbortSignal): Promise<Connection> {
    this.ca ??= await readFile(this.options.caFile, "utf8");
    const { secret } = this.options;
    const text = await secret.read(signal);
    try {
      return await this.signIn(parseCredentials(text), signal);
    } catch (error) {
      if (!isAuthenticationFailure(error)) throw error;
      const current = await secret.readAgain(signal);
      if (current === text) throw error;
      return this.signIn(parseCredentials(current), signal);
    }
  }

  private async signIn({ username, password }: Credentials, signal: AbortSignal): Promise<Connection> {
    const { host, port, name } = this.options;
    const socket = new Socket();
    const client = new Client({
      host,
      port,
      database: name,
      user: username,
      password,
      ssl: { ca: this.ca },
      // A socket of our own can be destroyed at any moment.
      stream: () => socket,
      keepAlive: true,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      application_name: "chat-user-provisioner",
    });
    const connection = { client, socket, isUsed: false };
    client.on("error", () => this.discard(connection));
    client.on("end", () => this.discard(connection));
    await untilAborted(socket, signal, () => client.connect());
    return connection;
  }

  private discard(connection: Connection): void {
    connection.socket.destroy();
    if (this.kept === connection) this.kept = undefined;
  }
}

/** Destroys the socket when the signal aborts, which ends what the step waits for. */
async function untilAborted<T>(socket: Socket, signal: AbortSignal, step: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const stop = () => socket.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await step();
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function parseCredentials(text: string): Credentials {
  const { success, data } = credentials.safeParse(parseJson(text));
  // The message leaves the text out: it holds the password.
  if (!success) throw new Error('the database secret is not JSON of the form {"username", "password"}');
  return data;
}

/** PostgreSQL's codes for a wrong password and for a role that may not log in. */
const isAuthenticationFailure = (error: unknown) =>
  error instanceof DatabaseError && (error.code === "28P01" || error.code === "28000");
