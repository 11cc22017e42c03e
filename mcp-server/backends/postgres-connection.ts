import { DatabaseError, type Pool, type PoolClient } from "pg";
import { ChatError, errors } from "../chat/error.ts";
import { ruleBroken } from "./sql-form.ts";

export const NAME = "postgres";

export interface Statement {
  readonly name: string;
  readonly text: string;
}

/** Runs a statement. When the signal aborts, the connection is closed and the server cancels the query. */
export async function query<Row extends object>(
  pool: Pool,
  statement: Statement & { readonly values: (string | number | boolean | null)[] },
  signal: AbortSignal,
): Promise<Row[]> {
  signal.throwIfAborted();
  const client = await pool.connect().catch((error: unknown) => {
    throw fromPostgres(error);
  });
  // A broken connection fails its query, which is handled below, and emits an event without another listener.
  client.on("error", ignore);
  const release = releaseOnce(client);
  const cut = () => release(true);
  if (signal.aborted) release();
  signal.throwIfAborted();
  signal.addEventListener("abort", cut, { once: true });
  try {
    const { rows } = await client.query<Row>(statement);
    release();
    return rows;
  } catch (error) {
    release(!(error instanceof DatabaseError));
    signal.throwIfAborted();
    throw fromPostgres(error);
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

const ignore = () => {};

function releaseOnce(client: PoolClient): (destroy?: boolean) => void {
  let released = false;
  return (destroy = false) => {
    if (released) return;
    released = true;
    client.release(destroy);
    // A destroyed connection is closed only now and may still emit an error.
    if (!destroy) client.off("error", ignore);
  };
}

/** SQLSTATEs of the chat's own rules: class 22 or 23, subclass C and two digits. */
const isRule = (code: string | undefined) => /^2[23]C\d\d$/.test(code ?? "");
/** SQLSTATEs of a server that shuts down, starts up or has no free connection, and of connection failures. */
const isUnavailable = (code: string | undefined) => /^(57P0[1-5]|53300|08...)$/.test(code ?? "");

function fromPostgres(error: unknown): ChatError {
  if (!(error instanceof DatabaseError)) return errors.unavailable(NAME, error);
  if (isRule(error.code)) return ruleBroken(error.message, error);
  if (isUnavailable(error.code)) return errors.unavailable(NAME, error);
  if (error.code === "57014") return errors.timeout(NAME, error);
  return new ChatError("internal", "The chat's database refused the statement; the log has the reason.", {
    cause: error,
  });
}
