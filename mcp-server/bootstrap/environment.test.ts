import { expect, it } from "@jest/globals";
import { readEnvironment } from "../../shared/environment.ts";
import { environmentSchema } from "./environment.ts";

const complete = {
  SYNAPSE_URL: "http://synapse.phenom-dev-chat.internal:8008/",
  SYNAPSE_SERVER_NAME: "chat-testing.thephenom.app",
  COGNITO_REGION: "us-east-1",
  COGNITO_USER_POOL_ID: "us-east-1_EXAMPLE12",
  SYNAPSE_REGISTRATION_SHARED_SECRET: "shared",
  SYNAPSE_ADMIN_BOT_USERNAME: "phenom-admin",
  SYNAPSE_ADMIN_BOT_PASSWORD: "a".repeat(40),
  SYNAPSE_BOT_USERNAME: "phenom-mcp",
  SYNAPSE_BOT_PASSWORD: "b".repeat(40),
};

it("a complete environment is accepted, and the slash at the end of the address removed", () => {
  expect(readEnvironment(environmentSchema, { ...complete, PATH: "/bin" })).toEqual({
    ...complete,
    SYNAPSE_URL: "http://synapse.phenom-dev-chat.internal:8008",
  });
});

it.each(Object.keys(complete))("an environment is refused without %s or with an empty one", (name) => {
  expect(() => readEnvironment(environmentSchema, { ...complete, [name]: undefined })).toThrow(
    `${name} is not set`,
  );
  expect(() => readEnvironment(environmentSchema, { ...complete, [name]: "" })).toThrow(`${name} is not set`);
});

it("all problems are reported at once, with value and meaning and with masked secrets", () => {
  const broken = {
    ...complete,
    SYNAPSE_URL: "synapse:8008",
    COGNITO_USER_POOL_ID: "pool",
    SYNAPSE_BOT_PASSWORD: "short-secret",
  };
  const refused = () => readEnvironment(environmentSchema, broken);
  expect(refused).toThrow("The configuration has 3 problem(s)");
  expect(refused).toThrow(
    'SYNAPSE_URL = "synapse:8008": must be an http or https URL without user name and password. It is: Synapse\'s address inside the VPC.',
  );
  expect(refused).toThrow("SYNAPSE_BOT_PASSWORD = ****: must have 32 characters at least");
  expect(refused).not.toThrow("short-secret");
});
