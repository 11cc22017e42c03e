import { describe, expect, it } from "@jest/globals";
import { ConfigurationError } from "../shared/environment.ts";
import { withMessage } from "../test/jest/with-message.ts";
import { environmentSchema, readServerEnvironment } from "./environment.ts";

const local = { BACKEND_TYPE: "postgres", DATABASE_URL: "postgres://localhost/chat" };
const pool = {
  COGNITO_REGION: "us-east-1",
  COGNITO_USER_POOL_ID: "us-east-1_AbC",
  COGNITO_CLIENT_IDS: "one, two",
  COGNITO_DOMAIN: "phenom-dev",
  SIGN_IN_CLIENT_ID: "two",
  SIGN_IN_KEY: "0123456789abcdefghijklmnopqrstuv",
};

function problems(variables: Record<string, string>): readonly string[] {
  try {
    readServerEnvironment(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe("the configuration", () => {
  it("of a local server needs a backend and its database, and listens on loopback", () => {
    expect(readServerEnvironment(local)).toMatchObject({ HOST: "127.0.0.1", PORT: 3001, READ_ONLY: false });
  });

  it("of a server on AWS accepts the variables of its task", () => {
    expect(
      readServerEnvironment({
        ...pool,
        BACKEND_TYPE: "hasura",
        HOST: "0.0.0.0",
        PORT: "3001",
        PUBLIC_URL: "https://chat.example.org",
        LOG_LEVEL: "info",
        READ_ONLY: "false",
        HASURA_ENDPOINT: "http://graphql:8080/v1/graphql",
        AGENT_CLIENT_ID: "a",
        AGENT_CLIENT_SECRET: "b",
        AGENT_USERNAME: "c",
        AGENT_PASSWORD: "d",
      }),
    ).toMatchObject({ COGNITO_CLIENT_IDS: ["one", "two"], PUBLIC_URL: "https://chat.example.org" });
  });

  it("reports every problem at once, each with variable, value and remedy", () => {
    const found = problems({
      BACKEND_TYPE: "hasura",
      PORT: "70000",
      LOG_LEVEL: "loud",
      HOST: "0.0.0.0",
      PUBLIC_URL: "http://chat.example.org",
      AGENT_PASSWORD: "",
    });
    for (const name of [
      ...["PORT", "LOG_LEVEL", "HOST", "PUBLIC_URL", "HASURA_ENDPOINT", "COGNITO_REGION"],
      ...["AGENT_CLIENT_ID", "AGENT_CLIENT_SECRET", "AGENT_USERNAME", "AGENT_PASSWORD"],
    ])
      expect(found.filter((problem) => problem.startsWith(`${name} `))).toHaveLength(1);
    expect(found.find((problem) => problem.startsWith("LOG_LEVEL"))).toBe(
      'LOG_LEVEL = "loud": must be debug, info, warn or error. It is: Least level that is logged; audit entries always are.',
    );
  });

  it.each([
    ["RATE_LIMIT_PER_SECOND", "1000000", "must be a number from 0.1 to 100000"],
    ["RATE_LIMIT_PER_SECOND", "many", "must be a number from 0.1 to 100000"],
    ["PORT", "70000", "must be a whole number from 0 to 65535"],
    ["PORT", "1.5", "must be a whole number from 0 to 65535"],
    ["CORS_ORIGINS", "https://app.example.org/", "must be origins such as https://app.example.org"],
  ])("names what %s allows, whatever is wrong with %s", (name, value, allowed) => {
    expect(problems({ ...local, [name]: value })[0]).toContain(`${name} = "${value}": ${allowed}. `);
  });

  it("never shows a secret", () => {
    const shown = problems({ ...local, DATABASE_URL: "mysql://user:hunter2@host/db" }).join();
    expect(shown).toContain("DATABASE_URL = ****");
    expect(shown).not.toContain("hunter2");
  });

  it("without a user pool allows listening on loopback only", () => {
    for (const HOST of ["0.0.0.0", "::", "10.0.0.1", "example.org"])
      expect(problems({ ...local, HOST }).join()).toContain("COGNITO_USER_POOL_ID");
    for (const HOST of ["127.0.0.1", "::1", "localhost"]) expect(problems({ ...local, HOST })).toEqual([]);
    expect(problems({ ...local, ...pool, HOST: "0.0.0.0" })).toEqual([]);
  });

  it("refuses a user pool without the clients whose tokens it should accept", () => {
    expect(problems({ ...local, ...pool, COGNITO_CLIENT_IDS: " , " }).join()).toContain("COGNITO_CLIENT_IDS");
  });

  it("refuses a user pool of another region", () => {
    expect(problems({ ...local, ...pool, COGNITO_REGION: "eu-west-1" }).join()).toContain("COGNITO_REGION");
  });

  it("describes each of its variables", () => {
    for (const [name, field] of Object.entries(environmentSchema.shape))
      withMessage(name, () => expect(field.description).toBeTruthy());
  });
});
