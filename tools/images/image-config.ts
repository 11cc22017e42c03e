import * as z from "zod";

/** An image's settings for the process that it starts. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly user: string;
  readonly workingDirectory: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Paths that the image declares as volumes. */
  readonly volumes: readonly string[];
  /** As in a Dockerfile's JSON: CMD, program, arguments; or CMD-SHELL and a line. Empty if there is none. */
  readonly healthCheck: readonly string[];
}

const ociConfig = z.object({
  Entrypoint: z.array(z.string()).nullish(),
  Cmd: z.array(z.string()).nullish(),
  Env: z.array(z.string()).nullish(),
  User: z.string().nullish(),
  WorkingDir: z.string().nullish(),
  Labels: z.record(z.string(), z.string()).nullish(),
  Volumes: z.record(z.string(), z.unknown()).nullish(),
  Healthcheck: z.object({ Test: z.array(z.string()).nullish() }).nullish(),
});

/** Parses the configuration that an image of Docker's format has. */
export function parseConfig(json: unknown): ImageConfig {
  const config = ociConfig.parse(json);
  return {
    entrypoint: config.Entrypoint ?? [],
    command: config.Cmd ?? [],
    environment: config.Env ?? [],
    user: config.User ?? "",
    workingDirectory: config.WorkingDir || "/",
    labels: config.Labels ?? {},
    volumes: Object.keys(config.Volumes ?? {}),
    healthCheck: config.Healthcheck?.Test ?? [],
  };
}
