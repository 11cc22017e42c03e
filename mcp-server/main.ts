import { describeError } from "../shared/describe-error.ts";
import { ConfigurationError } from "../shared/environment.ts";
import { createBackend } from "./backends/create.ts";
import { readServerEnvironment } from "./environment.ts";
import { limits } from "./limits.ts";
import { createLog } from "./log.ts";
import { startService } from "./service.ts";

/** The server as a process: configuration from the environment, JSON logs on stdout, graceful shutdown. */
async function main(): Promise<void> {
  const environment = readServerEnvironment(process.env);
  const log = createLog(environment.LOG_LEVEL);
  const service = await startService({
    environment,
    backend: createBackend(environment, log),
    log,
    warmUp: { withinMs: limits.warmUpMs },
  });

  let stopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (stopping) return;
    stopping = true;
    log.info("stopping", { signal });
    setTimeout(() => {
      log.error("stop_forced", { after_ms: limits.shutdownMs });
      process.exit(1);
    }, limits.shutdownMs).unref();
    service.stop().then(
      () => {
        log.info("stopped");
        process.exit(0);
      },
      (error: unknown) => {
        log.error("stop_failed", { error: describeError(error) });
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

main().catch((error: unknown) => {
  const log = createLog("info");
  if (error instanceof ConfigurationError) log.error("configuration_invalid", { problems: error.problems });
  else log.error("start_failed", { error: describeError(error) });
  process.exitCode = 1;
});
