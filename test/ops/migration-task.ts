import { migrationCommand } from "../../modules/chat-hasura-lite/migration-task.ts";
import { libpqEnvironment } from "../../tools/servers/postgres.ts";
import type { ChatDatabase } from "../mcp-server/database.ts";
import { startTask } from "../task.ts";
import type { StartedTask, TaskOutcome } from "./ecs.ts";

/** Runs the command of the migration task, or the override, as the stock image would; other tasks exit with 0 at once. */
export const inPostgres =
  ({ connection }: ChatDatabase) =>
  async ({ family, command }: StartedTask): Promise<TaskOutcome> => {
    if (family !== "phenom-dev-chat-migration") return { exitCode: 0 };
    const { code, output } = await startTask(command ?? migrationCommand(), {
      ...libpqEnvironment(connection),
      USER_PROVISIONER_PASSWORD: "not-a-real-one",
    }).done;
    return { exitCode: code ?? 1, lines: output.trim().split("\n") };
  };
