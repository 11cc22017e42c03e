import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { buildSchema, parse, validate } from "graphql";
import { messageRules } from "../../../migrations/rules.ts";
import { roles } from "../../../shared/hasura-names.ts";
import { expectUpToDate } from "../../../test/jest/file-snapshot.ts";
import { graphqlSchemas, schemaFile } from "../../../tools/docs/graphql-schemas.ts";

// Without the blanks by which the formatter aligns tables.
const page = readFileSync("docs/graphql-api.md", "utf8").replace(/ +\|/g, " |");
const examples = [...page.matchAll(/^```graphql (\w+)\n([\s\S]*?)^```$/gm)].map(
  ([, role = "", text = ""]) => ({
    role,
    name: /(?:query|mutation|subscription) (\w+)/.exec(text)?.[1] ?? text,
    text,
  }),
);

let schemas: ReadonlyMap<string, string>;
beforeAll(async () => {
  schemas = await graphqlSchemas();
});

describe("the GraphQL schema", () => {
  it.each(roles)("that Hasura generates for %s matches its file", async (role) => {
    const sdl = schemas.get(role) ?? "";
    expect(() => buildSchema(sdl)).not.toThrow();
    await expectUpToDate(schemaFile(role), sdl);
  });
});

describe("the page for client developers", () => {
  it.each(examples)("shows with $name a request that $role can make", ({ role, text }) => {
    const schema = buildSchema(schemas.get(role) ?? "");
    expect(validate(schema, parse(text)).map((error) => error.message)).toEqual([]);
  });

  it("has examples for every role, and names the role of each", () => {
    expect(new Set(examples.map(({ role }) => role))).toEqual(new Set(roles));
    expect(page).not.toMatch(/^```graphql *$/m);
  });

  it("shows to moderators only what a user can't do", () => {
    const user = buildSchema(schemas.get("user") ?? "");
    const open = examples.filter(
      ({ role, text }) => role !== "user" && validate(user, parse(text)).length === 0,
    );
    expect(open.map(({ name }) => name)).toEqual([]);
  });

  it.each(Object.values(messageRules))("lists the error $message", ({ sqlstate, message }) => {
    const code = sqlstate.startsWith("22") ? "data-exception" : "constraint-violation";
    expect(page).toContain(`| ${message} | \`${code}\` |`);
  });
});
