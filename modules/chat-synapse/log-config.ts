/** Python's logging configuration for Synapse: one JSON object per line on stdout, from level INFO up. */
export function logConfig() {
  return {
    version: 1,
    disable_existing_loggers: false,
    formatters: { json: { class: "synapse.logging.TerseJsonFormatter" } },
    handlers: {
      stdout: { class: "logging.StreamHandler", formatter: "json", stream: "ext://sys.stdout" },
    },
    // Below INFO this logger writes statements with the users' access tokens in them.
    loggers: { "synapse.storage.SQL": { level: "INFO" } },
    root: { level: "INFO", handlers: ["stdout"] },
  };
}
