import * as z from "zod";
import { ConfigurationError } from "../environment.ts";

const given = z.string({ error: "must be set" });
const localpart = given.regex(
  /^[a-z0-9._=/+-]+$/,
  "must be the local part of a Matrix id, such as phenom-mcp",
);
const password = given.min(32, "must have 32 characters at least: Synapse's password policy asks for them");

/** Bootstrap's environment variables: names, forms and what they mean. */
export const environmentSchema = z.object({
  SYNAPSE_URL: z
    .url({ protocol: /^https?$/, error: "must be an http or https URL" })
    .transform((url) => url.replace(/\/+$/, ""))
    .describe("Synapse's address inside the VPC"),
  SYNAPSE_SERVER_NAME: given.regex(/^[a-z0-9.:-]+$/, "must be a host name").describe("Matrix server name"),
  COGNITO_REGION: given.regex(/^[a-z0-9-]+$/, "must look like us-east-1").describe("Region of the user pool"),
  COGNITO_USER_POOL_ID: given
    .regex(/^[\w-]+_[0-9a-zA-Z]+$/, "must look like us-east-1_AbCdEfGhI")
    .describe("User pool whose groups internal and partners are joined to their rooms"),
  SYNAPSE_REGISTRATION_SHARED_SECRET: given
    .min(1, "must not be empty")
    .describe("Registers accounts, administrators too"),
  SYNAPSE_ADMIN_BOT_USERNAME: localpart.describe("Account that the rooms belong to, a server administrator"),
  SYNAPSE_ADMIN_BOT_PASSWORD: password.describe("Password of that account"),
  SYNAPSE_BOT_USERNAME: localpart.describe("Account that the MCP server acts as"),
  SYNAPSE_BOT_PASSWORD: password.describe("Password of that account"),
});

export type BootstrapEnvironment = z.infer<typeof environmentSchema>;

const secret = /PASSWORD|SECRET/;

/**
 * Reads the configuration; a variable that is set to nothing counts as not set.
 * @throws ConfigurationError with every problem at once: variable, value (secrets masked), remedy, meaning.
 */
export function readEnvironment(
  variables: Readonly<Record<string, string | undefined>>,
): BootstrapEnvironment {
  const set = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
  const parsed = environmentSchema.safeParse(set);
  if (parsed.success) return parsed.data;
  throw new ConfigurationError(
    parsed.error.issues.map(({ path, message }) => {
      const name = String(path[0]);
      const value = set[name];
      const shown =
        value === undefined ? "is not set" : `= ${secret.test(name) ? "****" : JSON.stringify(value)}`;
      const field = Object.entries(environmentSchema.shape).find(([key]) => key === name)?.[1];
      return `${name} ${shown}: ${message}. It is: ${field?.description}.`;
    }),
  );
}
