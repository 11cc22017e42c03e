import type { Environment } from "./schema.ts";

/** Settings that no two environments may share: each names something that exists once. */
const unique: Readonly<Record<string, (data: Environment) => string>> = {
  environment: ({ environment }) => environment,
  project: ({ project }) => project,
  serverName: ({ serverName }) => serverName,
  state: ({ state: { bucket, key } }) => `s3://${bucket}/${key}`,
};

/** The settings that an environment shares with one of `others`, and may not. One line each. */
export const clashes = (data: Environment, others: readonly Environment[]): string[] =>
  Object.entries(unique).flatMap(([setting, read]) =>
    others
      .filter((other) => read(other) === read(data))
      .map(
        (other) =>
          `${data.environment}: ${setting}: ${JSON.stringify(read(data))} is also that of ${other.environment}: choose another`,
      ),
  );
