import { validJson } from "./valid-json.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes JSON lines. No field ever holds message content, a token or a secret. */
export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** Written at every level: who moderated what, with which result. */
  audit(fields: LogFields): void;
}

const order: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

export function createLog(minLevel: LogLevel, write: (line: string) => void = stdout()): Log {
  const line = (level: LogLevel | "audit", event: string, fields: LogFields) =>
    write(`${validJson({ time: new Date().toISOString(), level, event, ...fields })}\n`);
  const at =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      if (order[level] >= order[minLevel]) line(level, event, fields);
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    audit: (fields) => line("audit", "moderation", fields),
  };
}

/**
 * Writes to standard output what one turn of the event loop brings, at once: a write waits for the system, which for each
 * line would be a tenth of a call's time.
 */
function stdout(): (line: string) => void {
  let waiting = "";
  const flush = () => {
    if (waiting !== "") process.stdout.write(waiting);
    waiting = "";
  };
  process.on("exit", flush);
  return (line) => {
    if (waiting === "") setImmediate(flush);
    waiting += line;
  };
}
