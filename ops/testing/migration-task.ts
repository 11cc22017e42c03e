import { execFile } from "node:child_process";
import type { ChatDatabase } from "../../mcp-server/testing/database.ts";
import { migrationContainer } from "../../migrations/task.ts";
import { libpqEnvironment } from "../../test/postgres.ts";
import type { StartedTask, TaskOutcome } from "./ecs.ts";

/** Runs the migration task's command, or the one that is given in its place, as the stock image would; no other task. */
export const inPostgres =
  ({ connection, server }: ChatDatabase) =>
  ({ family, command }: StartedTask): Promise<TaskOutcome> | TaskOutcome => {
    if (family !== "phenom-dev-chat-migration") return { exitCode: 0 };
    const [program = "sh", ...args] = command ?? migrationContainer().command;
    const env = {
      PATH: process.env.PATH,
      ...libpqEnvironment(connection, server.caFile),
      PGSSLMODE: "require",
      PGSSLROOTCERT: "",
      USER_PROVISIONER_PASSWORD: "not-a-real-one",
    };
    return new Promise((resolve) =>
      execFile(program, args, { env }, (error, stdout, stderr) =>
        resolve({ exitCode: Number(error?.code ?? 0), lines: (stdout + stderr).trim().split("\n") }),
      ),
    );
  };
