import { script, shellCommand } from "../../../constructs/script.ts";
import {
  EVENT_TRIGGER_NAME,
  roles,
  HASURA_SOURCE as source,
  WEBHOOK_SECRET_VARIABLE,
} from "../../../shared/hasura-names.ts";
import { shellWord } from "../../../shared/shell.ts";
import { type Call, type Step, steps } from "./calls.ts";
import { eventTriggerTable, USER_COLUMNS } from "./metadata.ts";

/** Placeholder for the webhook's URL, which only the running task knows. */
const WEBHOOK_PLACEHOLDER = "@LINK_PREVIEW_URL@";

/** Database trigger that the engine creates for the event trigger. */
const DATABASE_TRIGGER = `notify_hasura_${EVENT_TRIGGER_NAME}_INSERT`;

const checkDatabaseTrigger: Call = {
  type: "run_sql",
  args: {
    source,
    read_only: true,
    sql: `select count(*) from pg_trigger where tgname = '${DATABASE_TRIGGER}' and tgrelid = '${eventTriggerTable.schema}.${eventTriggerTable.name}'::regclass`,
  },
};

const graphqlQuery = (query: string): string => JSON.stringify({ query });

/**
 * Command of the task that applies the chat's Hasura metadata. It runs in the stock `curlimages/curl` image and sends
 * one call of the metadata API per object, and none about objects of others; it needs curl 7.76 or newer.
 * HASURA_ENDPOINT is the GraphQL endpoint; the metadata and schema endpoints are taken from it. LINK_PREVIEW_URL is the
 * webhook of the event trigger; the secret that protects it is known to the engine only.
 *
 * Exits with 0 if every object is in place, consistent, the event trigger's database trigger exists, and each role can
 * read what the chat needs of table `users`; 64 if a variable is missing or malformed; 1 after printing what failed and
 * Hasura's answer.
 */
export const metadataCommand = (): string[] =>
  shellCommand(
    script("modules/chat-hasura-lite/metadata/task.sh", {
      DATABASE_TRIGGER,
      WEBHOOK_SECRET_VARIABLE,
      STEPS: steps(WEBHOOK_PLACEHOLDER).map(putCommand).join("\n"),
      CHECK_DATABASE_TRIGGER: word(checkDatabaseTrigger),
      ROLES: roles.join(" "),
      COLUMNS: USER_COLUMNS.join(", "),
      // As the documents read it: the backend may offer no root field.
      USERS_COLUMNS: graphqlQuery(`{ chat_messages(limit: 1) { user { ${USER_COLUMNS.join(" ")} } } }`),
      USERS_ROW: graphqlQuery("{ users(limit: 1) { id } }"),
    }),
  );

/** A call as one shell word, with the task's variable in place of the placeholder. */
const word = (call: Call): string =>
  shellWord(JSON.stringify(call)).replaceAll(WEBHOOK_PLACEHOLDER, `'"$LINK_PREVIEW_URL"'`);

const putCommand = ({ object, create, ifExists }: Step): string =>
  ["put", shellWord(object), word(create), ...(ifExists === "keep" ? [] : [word(ifExists)])].join(" ");
