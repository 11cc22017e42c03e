import { Client } from "pg";
import { applyMigrations } from "../../migrations/apply.ts";
import { functions, tables, usersTable } from "../../modules/chat-hasura-lite/metadata/metadata.ts";
import { roles } from "../../shared/hasura-names.ts";
import { startPostgres } from "../servers/postgres.ts";
import { readShape, roleSchema } from "./hasura-schema.ts";

export const schemaFile = (role: string) => `modules/chat-hasura-lite/metadata/schema/${role}.graphql`;

/** Arguments of the functions, as the engine names them; it takes the session's itself. */
const functionArguments: Readonly<Record<string, readonly string[]>> = {
  search_chat_messages: ["query: String"],
  find_chat_messages: [
    ...["query: String", "max_rows: Int", "room: uuid", "sender: String"],
    ...["since: timestamptz", "until: timestamptz", "before: timestamptz", "before_id: uuid"],
  ],
};
const tracked = functions.map(({ function: { name } }) => ({
  name,
  returns: "chat_messages",
  args: functionArguments[name] ?? [],
}));

/** The GraphQL schema of each role, by the tables of a database with all migrations. */
export async function graphqlSchemas(): Promise<ReadonlyMap<string, string>> {
  const server = await startPostgres();
  try {
    const database = await server.createDatabase();
    await applyMigrations(database);
    const client = new Client(database);
    await client.connect();
    const shape = await readShape(client);
    await client.end();
    const schema = (role: string) => roleSchema(shape, [usersTable, ...tables], tracked, role);
    return new Map(roles.map((role) => [role, schema(role)]));
  } finally {
    await server.stop();
  }
}
