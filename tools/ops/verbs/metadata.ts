import { oneShotVerb } from "./one-shot-verb.ts";

export const metadata = oneShotVerb("metadata", "metadata", "apply the chat's Hasura metadata");
