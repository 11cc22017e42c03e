/** First word of the lines that measure requests. */
export const REQUEST_LINE = "request";

/**
 * What the arguments of Synapse's access log are (`_finished_processing` of its `http/site.py`): method, seconds that
 * the answer took to make, status, path. A path holds no space, so nobody's request can forge another's line.
 */
const REQUEST_FORMAT = `${REQUEST_LINE} {args[12]} {args[3]:.3f} {args[11]} {args[13]}`;

/**
 * Python's logging configuration for Synapse: one JSON object per line on stdout, from level INFO up, and for each
 * request one more line, whose numbers CloudWatch can read: in the JSON they are part of a sentence.
 */
export function logConfig() {
  const toStdout = { class: "logging.StreamHandler", stream: "ext://sys.stdout" };
  return {
    version: 1,
    disable_existing_loggers: false,
    formatters: {
      json: { class: "synapse.logging.TerseJsonFormatter" },
      request: { class: "logging.Formatter", format: REQUEST_FORMAT, style: "{" },
    },
    handlers: {
      stdout: { ...toStdout, formatter: "json" },
      requests: { ...toStdout, formatter: "request" },
    },
    loggers: {
      "synapse.access": { handlers: ["requests"] },
      // Below INFO this logger writes statements with the users' access tokens in them.
      "synapse.storage.SQL": { level: "INFO" },
    },
    root: { level: "INFO", handlers: ["stdout"] },
  };
}
