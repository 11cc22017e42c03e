import * as z from "zod";
import { HTTP_URL_FORM, isHttpUrl, notSet, readEnvironment, type Variables } from "../shared/environment.ts";

/** Every error names the range. */
const numberFrom = (min: number, max: number) =>
  z.coerce.number(`must be a number from ${min} to ${max}`).min(min).max(max);
const port = z.coerce.number("must be a whole number from 0 to 65535").int().min(0).max(65_535);
const httpUrl = z.string().refine(isHttpUrl, HTTP_URL_FORM);
const flag = z
  .enum(["true", "false"], { error: "must be true or false" })
  .transform((value) => value === "true");
const list = z
  .string()
  .transform((value) =>
    value
      .split(",")
      .map((item) => item.trim())
      .filter((item) => item !== ""),
  )
  .refine((items) => items.length > 0, "must name at least one");

/** Characters of a secret that nobody guesses. */
const KEY_CHARACTERS = 32;

const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text;

/** The server's environment variables: names, formats, defaults and descriptions. */
export const environmentSchema = z.object({
  BACKEND_TYPE: z
    .enum(["hasura", "synapse", "postgres"], { error: "must be hasura, synapse or postgres" })
    .describe("Which chat the tools work on: hasura, synapse or, for local use and tests, postgres"),
  HOST: z.string().default("127.0.0.1").describe("Address to listen on: 0.0.0.0 in a container"),
  PORT: port.default(3001).describe("Port to listen on; 0 takes a free one"),
  PUBLIC_URL: httpUrl
    .transform((url) => new URL(url).origin)
    .optional()
    .describe("Origin under which clients reach the server; default http://HOST:PORT"),
  LOG_LEVEL: z
    .enum(["debug", "info", "warn", "error"], { error: "must be debug, info, warn or error" })
    .default("info")
    .describe("Least level that is logged; audit entries always are"),
  READ_ONLY: flag.default(false).describe("true leaves only the tools that change nothing"),
  RATE_LIMIT_PER_SECOND: numberFrom(0.1, 100_000)
    .default(20)
    .describe("Tool calls a second that one sign-in may send in the long run; three times as many at once"),
  CORS_ORIGINS: list
    .refine((origins) => origins.every(isOrigin), "must be origins such as https://app.example.org")
    .optional()
    .describe("Origins of web pages that may call the server from a browser, comma separated"),
  COGNITO_REGION: z.string().optional().describe("Region of the user pool"),
  COGNITO_USER_POOL_ID: z
    .string()
    .regex(/^[\w-]+_[0-9a-zA-Z]+$/, "must look like us-east-1_AbCdEfGhI")
    .optional()
    .describe(
      "User pool whose access tokens open the tools; without one the server listens on loopback only",
    ),
  COGNITO_DOMAIN: z
    .string()
    .regex(/^[a-z0-9.-]+$/, "must be a domain prefix or a host name")
    .optional()
    .describe("Hosted domain of the pool, as a prefix or a full host name: where people sign in"),
  COGNITO_CLIENT_IDS: list.optional().describe("Clients whose access tokens are accepted, comma separated"),
  SIGN_IN_CLIENT_ID: z
    .string()
    .optional()
    .describe("Public client of the pool through which people sign in; one of COGNITO_CLIENT_IDS"),
  SIGN_IN_KEY: z
    .string()
    .min(KEY_CHARACTERS, `must have at least ${KEY_CHARACTERS} characters`)
    .optional()
    .meta({ description: "Secret that seals what passes through browsers during a sign-in", secret: true }),
  SIGN_IN_PREVIOUS_KEY: z
    .string()
    .optional()
    .meta({ description: "The one before it, which still opens what it sealed", secret: true }),
  AGENT_CLIENT_ID: z.string().optional().describe("Cognito client that the server itself signs in with"),
  AGENT_CLIENT_SECRET: z.string().optional().meta({ description: "Secret of that client", secret: true }),
  AGENT_USERNAME: z.string().optional().describe("Account that the server acts as"),
  AGENT_PASSWORD: z.string().optional().meta({ description: "Password of that account", secret: true }),
  HASURA_ENDPOINT: httpUrl.optional().describe("GraphQL endpoint inside the VPC"),
  SYNAPSE_URL: httpUrl.optional().describe("Synapse's address inside the VPC"),
  SYNAPSE_SERVER_NAME: z.string().optional().describe("Matrix server name"),
  SYNAPSE_BOT_USERNAME: z.string().optional().describe("Matrix account that the server acts as"),
  SYNAPSE_BOT_PASSWORD: z.string().optional().meta({ description: "Password of that account", secret: true }),
  CONTENT_URL_TEMPLATE: z
    .string()
    .regex(/^https:\/\/.*\{id\}/, "must be an https URL with {id}")
    .optional()
    .describe("Address of a piece of Phenom content, with {id}"),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: "must be a postgres URL" })
    .optional()
    .meta({ description: "Database of the chat", secret: true }),
  AGENT_USER_ID: z
    .string()
    .default("phenom-agent")
    .describe("Id, in table users, of the account that the server acts as on postgres"),
});

export type Environment = z.infer<typeof environmentSchema>;
export type EnvironmentVariable = keyof Environment;

/** Variables that each backend requires. */
export const requiredByBackend: Record<Environment["BACKEND_TYPE"], readonly EnvironmentVariable[]> = {
  hasura: [
    "HASURA_ENDPOINT",
    "COGNITO_REGION",
    "AGENT_CLIENT_ID",
    "AGENT_CLIENT_SECRET",
    "AGENT_USERNAME",
    "AGENT_PASSWORD",
  ],
  synapse: [
    "SYNAPSE_URL",
    "SYNAPSE_SERVER_NAME",
    "SYNAPSE_BOT_USERNAME",
    "SYNAPSE_BOT_PASSWORD",
    "CONTENT_URL_TEMPLATE",
  ],
  postgres: ["DATABASE_URL"],
};

/** Variables that a user pool requires. */
export const requiredByUserPool: readonly EnvironmentVariable[] = [
  "COGNITO_REGION",
  "COGNITO_CLIENT_IDS",
  "COGNITO_DOMAIN",
  "SIGN_IN_CLIENT_ID",
  "SIGN_IN_KEY",
];

const loopback = new Set(["127.0.0.1", "::1", "localhost"]);

export const isLoopback = (host: string): boolean => loopback.has(host);

/** Reads the server's environment. @throws ConfigurationError */
export const readServerEnvironment = (variables: Variables): Environment =>
  readEnvironment(environmentSchema, variables, (set) => [...missing(set), ...unsafe(set)]);

function missing(set: Variables): string[] {
  const type = environmentSchema.shape.BACKEND_TYPE.safeParse(set["BACKEND_TYPE"]);
  const needed: [EnvironmentVariable, string][] = [
    ...(type.success
      ? requiredByBackend[type.data].map((name): [EnvironmentVariable, string] => [
          name,
          `BACKEND_TYPE=${type.data}`,
        ])
      : []),
    ...(set["COGNITO_USER_POOL_ID"] !== undefined
      ? requiredByUserPool.map((name): [EnvironmentVariable, string] => [name, "COGNITO_USER_POOL_ID"])
      : []),
  ];
  return [...new Map(needed.filter(([name]) => set[name] === undefined))].map(([name, reason]) =>
    notSet(environmentSchema, name, `${reason} needs it`),
  );
}

function unsafe(set: Variables): string[] {
  const host = set["HOST"] ?? "127.0.0.1";
  const problems: string[] = [];
  if (set["COGNITO_USER_POOL_ID"] === undefined && !isLoopback(host))
    problems.push(
      `HOST = ${JSON.stringify(host)}: without COGNITO_USER_POOL_ID everyone who reaches the port may use the tools, so the server listens on loopback only. Set COGNITO_USER_POOL_ID, or HOST to 127.0.0.1.`,
    );
  const url = set["PUBLIC_URL"];
  if (url !== undefined && URL.canParse(url)) {
    const { protocol, hostname } = new URL(url);
    if (protocol === "http:" && !isLoopback(hostname))
      problems.push(
        `PUBLIC_URL = ${JSON.stringify(url)}: access tokens must not travel in the clear. Use an https URL.`,
      );
  }
  const [region, pool] = [set["COGNITO_REGION"], set["COGNITO_USER_POOL_ID"]];
  if (region !== undefined && pool !== undefined && !pool.startsWith(`${region}_`))
    problems.push(
      `COGNITO_REGION = ${JSON.stringify(region)}: COGNITO_USER_POOL_ID = ${JSON.stringify(pool)} is in another region. Set the pool's.`,
    );
  return problems;
}
