import * as z from "zod";
import { HTTP_URL_FORM, isHttpUrl } from "../../shared/environment.ts";

const text = z.string();
const localpart = text.regex(
  /^[a-z0-9._=/+-]+$/,
  "must be the local part of a Matrix id, such as phenom-mcp",
);
const password = text.min(32, "must have 32 characters at least: Synapse's password policy asks for them");

/** Bootstrap's environment variables: names, formats and descriptions. */
export const environmentSchema = z.object({
  SYNAPSE_URL: z
    .string()
    .refine(isHttpUrl, HTTP_URL_FORM)
    .transform((url) => url.replace(/\/+$/, ""))
    .describe("Synapse's address inside the VPC"),
  SYNAPSE_SERVER_NAME: text.regex(/^[a-z0-9.:-]+$/, "must be a host name").describe("Matrix server name"),
  COGNITO_REGION: text.regex(/^[a-z0-9-]+$/, "must look like us-east-1").describe("Region of the user pool"),
  COGNITO_USER_POOL_ID: text
    .regex(/^[\w-]+_[0-9a-zA-Z]+$/, "must look like us-east-1_AbCdEfGhI")
    .describe("User pool whose groups internal and partners are joined to their rooms"),
  SYNAPSE_REGISTRATION_SHARED_SECRET: text
    .min(1, "must not be empty")
    .meta({ description: "Registers accounts, administrators too", secret: true }),
  SYNAPSE_ADMIN_BOT_USERNAME: localpart.describe("Account that the rooms belong to, a server administrator"),
  SYNAPSE_ADMIN_BOT_PASSWORD: password.meta({ description: "Password of that account", secret: true }),
  SYNAPSE_BOT_USERNAME: localpart.describe("Account that the MCP server acts as"),
  SYNAPSE_BOT_PASSWORD: password.meta({ description: "Password of that account", secret: true }),
});

export type BootstrapEnvironment = z.infer<typeof environmentSchema>;
