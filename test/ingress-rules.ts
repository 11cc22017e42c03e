import type { Environment } from "../environments/schema.ts";

/** Every ingress rule is the owner's of its security group. */
export const ownedByPlatform = {
  databaseFromSynapse: "platform",
  databaseFromLambdas: "platform",
  hasuraFromLambdas: "platform",
  hasuraFromEcsTasks: "platform",
  mcpFromAlb: "platform",
  adminUiFromAlb: "platform",
} as const satisfies Environment["ingressRules"];
