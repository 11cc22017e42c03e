import { oneShotVerb } from "./one-shot-verb.ts";

export const databaseSetup = oneShotVerb(
  "db-setup",
  "database_setup",
  "create Synapse's database role and database, set its password",
);
