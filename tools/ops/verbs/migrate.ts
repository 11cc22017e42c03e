import { oneShotVerb } from "./one-shot-verb.ts";

export const migrate = oneShotVerb("migrate", "migration", "bring the chat's database schema up to date");
