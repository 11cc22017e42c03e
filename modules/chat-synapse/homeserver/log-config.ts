/** First word of the lines that measure requests. */
export const REQUEST_LINE = "request";

/**
 * Arguments of Synapse's access log (`_finished_processing` in `http/site.py`): method, seconds to produce the response,
 * status, path. A path holds no space, so no request can forge a line.
 */
const REQUEST_FORMAT = `${REQUEST_LINE} {args[12]} {args[3]:.3f} {args[11]} {args[13]}`;

/**
 * Python's logging configuration for Synapse: one JSON object per line on stdout, from level INFO up. Each request gets
 * one more line with its numbers as fields, because in the JSON they are part of a sentence.
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
      // Below INFO this logger writes statements that contain users' access tokens.
      "synapse.storage.SQL": { level: "INFO" },
    },
    root: { level: "INFO", handlers: ["stdout"] },
  };
}
