import { stringify } from "yaml";
import { WEBHOOK_URL_VARIABLE } from "../../../shared/hasura-names.ts";
import { eventTrigger, eventTriggerTable, functions, tables, usersTable } from "./metadata.ts";

/** Where `npm run docs` writes the files. */
export const CLI_FOLDER = "modules/chat-hasura-lite/metadata/cli";

/**
 * The same metadata as files of the Hasura CLI's project directory (`metadata/`, config v3), for engines whose metadata
 * is managed by the CLI. Merge them into the engine's project, because `hasura metadata apply` replaces everything. The
 * webhook's URL comes from the engine's environment.
 *
 * @returns content by path below the project's `metadata/`
 */
export function cliFiles(): Map<string, string> {
  const files = new Map<string, string>();
  const write = (folder: string, file: string, content: object) =>
    files.set(
      `databases/default/${folder}/${file}`,
      stringify(content, { aliasDuplicateObjects: false, lineWidth: 0 }),
    );

  const entries = [usersTable, ...tables].map((entry) =>
    entry.table.name === eventTriggerTable.name
      ? { ...entry, event_triggers: [eventTrigger({ webhook_from_env: WEBHOOK_URL_VARIABLE })] }
      : entry,
  );
  const tableFile = (name: string) => `public_${name}.yaml`;
  for (const entry of entries) write("tables", tableFile(entry.table.name), entry);
  write(
    "tables",
    "tables.yaml",
    entries.map((entry) => `!include ${tableFile(entry.table.name)}`),
  );

  const functionFile = ({ function: { name } }: (typeof functions)[number]) => `public_${name}.yaml`;
  for (const each of functions) write("functions", functionFile(each), each);
  write(
    "functions",
    "functions.yaml",
    functions.map((each) => `!include ${functionFile(each)}`),
  );
  return files;
}
