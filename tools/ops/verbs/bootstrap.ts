import { oneShotVerb } from "./one-shot-verb.ts";

export const bootstrap = oneShotVerb(
  "bootstrap",
  "bootstrap",
  "create the bots and rooms on Synapse, join the members of the Cognito groups",
);
