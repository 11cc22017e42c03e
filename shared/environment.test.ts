import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import * as z from "zod";
import {
  ConfigurationError,
  HTTP_URL_FORM,
  isHttpUrl,
  readEnvironment,
  type Variables,
} from "./environment.ts";

const schema = z.object({
  ENDPOINT: z.string().refine(isHttpUrl, HTTP_URL_FORM).describe("Where it is"),
  PORT: z.coerce.number("must be a number").default(5432).describe("Its port"),
  PASSWORD: z
    .string()
    .min(8, "must have 8 characters at least")
    .meta({ description: "Opens it", secret: true }),
  OTHER: z.string().refine(isHttpUrl, HTTP_URL_FORM).optional().describe("Another place"),
});

const complete = { ENDPOINT: "http://hasura:8080/v1/graphql", PASSWORD: "correct horse" };

function problems(variables: Variables, further?: (set: Variables) => string[]): readonly string[] {
  try {
    readEnvironment(schema, variables, further);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
}

describe("an environment", () => {
  it("is read with the default of a variable that is empty or not set", () => {
    expect(readEnvironment(schema, { ...complete, PORT: "", PATH: "/bin" })).toEqual({
      ...complete,
      PORT: 5432,
    });
  });

  it("is refused with all its problems at once, each with value, allowed form and meaning", () => {
    expect(problems({ PASSWORD: "hunter2", PORT: "web", OTHER: "hasura" })).toEqual([
      "ENDPOINT is not set. It is: Where it is.",
      'PORT = "web": must be a number. It is: Its port.',
      "PASSWORD = ****: must have 8 characters at least. It is: Opens it.",
      `OTHER = "hasura": ${HTTP_URL_FORM}. It is: Another place.`,
    ]);
  });

  it("is refused for problems that concern more than one variable", () => {
    expect(problems({ ...complete, PORT: "web" }, ({ PORT }) => [`PORT ${PORT} does not fit`])).toEqual([
      'PORT = "web": must be a number. It is: Its port.',
      "PORT web does not fit",
    ]);
    expect(problems(complete, () => ["ENDPOINT and PORT contradict each other"])).toHaveLength(1);
  });
});

describe("the error of an environment", () => {
  it("never holds a secret", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4, maxLength: 7 }), (secret) => {
        expect(problems({ ...complete, PASSWORD: secret })).toEqual([
          "PASSWORD = ****: must have 8 characters at least. It is: Opens it.",
        ]);
      }),
    );
  });

  it.each([
    "https://ann:hunter2@hasura/",
    "https://ann:hun/ter2@hasura",
    "ftp://ann:hunter2@hasura",
  ])("never holds the password of a URL: %s", (url) => {
    expect(problems({ ...complete, OTHER: url }).join()).toContain('OTHER = "');
    expect(problems({ ...complete, OTHER: url }).join()).not.toContain("ter2");
  });
});
