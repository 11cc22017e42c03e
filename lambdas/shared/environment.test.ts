import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { environment as linkPreview } from "../link-preview/environment.ts";
import { environment as tokenEnhancement } from "../token-enhancement/environment.ts";
import { environment as userProvisioner } from "../user-provisioner/environment.ts";
import { ConfigurationError, optional, port, readEnvironment, secretArn, url } from "./environment.ts";

const arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:phenom-dev-development-chat-x-AbCdEf";

describe("an environment", () => {
  const declaration = {
    ENDPOINT: { description: "Where it is", parse: url },
    PORT: { description: "Its port", default: "5432", parse: port },
    OTHER: optional({ description: "Another place", parse: url }),
  };

  it("is read with defaults for what is not set or empty", () => {
    expect(readEnvironment(declaration, { ENDPOINT: "http://hasura:8080/v1/graphql", PORT: "" })).toEqual({
      ENDPOINT: "http://hasura:8080/v1/graphql",
      PORT: 5432,
    });
  });

  it("with mistakes is refused with all of them and what would be right", () => {
    const read = () => readEnvironment(declaration, { PORT: "0", OTHER: "hasura" });
    expect(read).toThrow(ConfigurationError);
    expect(read).toThrow(
      'ENDPOINT is not set: Where it is\nPORT is "0", not a port from 1 to 65535\n' +
        "OTHER is not an http or https URL (its 6 characters are not shown)",
    );
  });
});

describe("a value that may be a secret by mistake", () => {
  const message = (parse: (text: string) => unknown, text: string) => {
    try {
      parse(text);
    } catch (error) {
      return String(error);
    }
    return undefined;
  };

  it("is never shown", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), (secret) => {
        for (const parse of [secretArn, url]) {
          const shown = message(parse, `${secret}~#`);
          if (shown !== undefined) expect(shown.replaceAll(/its \d+/g, "")).not.toContain(`${secret}~#`);
        }
      }),
    );
    expect(message(url, "https://ann:hunter2@hasura/")).not.toContain("hunter2");
  });

  it("is taken where it is an ARN", () => {
    expect(secretArn(arn)).toBe(arn);
    expect(secretArn(arn.replace("arn:aws:", "arn:aws-us-gov:"))).toContain("us-gov");
  });
});

it("a port is a number from 1 to 65535 and nothing else", () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer({ min: -10, max: 70_000 }).map(String), fc.string()), (text) => {
      const valid = /^[1-9]\d{0,4}$/.test(text) && Number(text) <= 65_535;
      if (valid) expect(port(text)).toBe(Number(text));
      else if (!/^0+[1-9]/.test(text)) expect(() => port(text)).toThrow(/not a port/);
    }),
  );
});

it("every variable of every handler has one line of description", () => {
  for (const variable of Object.values({ ...linkPreview, ...tokenEnhancement, ...userProvisioner }))
    expect(variable.description).toMatch(/^[A-Z][^\n]{10,}[^.]$/);
});
