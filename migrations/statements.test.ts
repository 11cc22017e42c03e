import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readMigrations } from "./files.ts";
import { splitStatements } from "./statements.ts";

describe("a file of SQL", () => {
  it("is split into its statements", () => {
    expect(splitStatements("select 1; select 2;\n")).toEqual(["select 1", "select 2"]);
  });

  it("needs no semicolon at its end", () => {
    expect(splitStatements("select 1;\nselect 2 -- the last")).toEqual(["select 1", "select 2 -- the last"]);
  });

  it("of comments and blanks has no statement", () => {
    expect(splitStatements("-- nothing;\n/* nothing; */ ;;\n ")).toEqual([]);
  });

  it("keeps semicolons inside quotes, names, dollar quotes and comments", () => {
    const literal = fc.string({ unit: fc.constantFrom("a", ";", " ", "\n", "-", "/") });
    const token = fc.oneof(
      literal.map((text) => `'${text}''${text}'`),
      literal.map((text) => `"${text}"`),
      literal.map((text) => `$$${text}$$`),
      literal.map((text) => `$body$ '${text}" $$ $body$`),
      literal.map((text) => `/*${text.replaceAll("/", "")}*/ 1`),
      literal.map((text) => `1 --${text.replaceAll("\n", "")}'\n`),
      fc.constantFrom("select", "$1", "a - b", "a / b", "x::text"),
    );
    const statement = fc
      .array(token, { minLength: 1, maxLength: 5 })
      .map((tokens) => tokens.join(" ").trim());
    fc.assert(
      fc.property(fc.array(statement, { minLength: 1, maxLength: 4 }), (statements) => {
        expect(splitStatements(`${statements.join("\n;\n")}\n;`)).toEqual(
          statements.map((each) => each.trim()),
        );
      }),
    );
  });
});

describe("a migration's file", () => {
  it.each(
    readMigrations().map((migration) => [migration.name, migration.sql] as const),
  )("%s holds neither transaction commands nor escape strings", (_name, sql) => {
    for (const statement of splitStatements(sql)) {
      expect(statement.replace(/^(\s*--[^\n]*\n)+/, "")).not.toMatch(
        /^(begin|commit|rollback|savepoint|start)\b/i,
      );
    }
    expect(sql).not.toMatch(/\bE'/i);
  });
});
