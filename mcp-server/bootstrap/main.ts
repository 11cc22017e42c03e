import { CognitoIdentityProviderClient } from "@aws-sdk/client-cognito-identity-provider";
import { readEnvironment } from "../../shared/environment.ts";
import { bootstrap } from "./bootstrap.ts";
import { environmentSchema } from "./environment.ts";
import { createReport } from "./report.ts";

/** Prints a line for each step and at the end the rooms' ids as JSON. Exits with 1 and the reason on failure. */
async function main(): Promise<void> {
  const environment = readEnvironment(environmentSchema);
  const cognito = new CognitoIdentityProviderClient({ region: environment.COGNITO_REGION });
  const rooms = await bootstrap(environment, cognito, createReport(console.log));
  console.log(JSON.stringify({ rooms }));
}

main().catch((error: unknown) => {
  console.error(`bootstrap: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
