import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { differences } from "./difference.ts";
import type { ValueChange } from "./plan-json.ts";

const change = (before: unknown, after: unknown, marks: Partial<ValueChange> = {}) =>
  differences({
    actions: ["update"],
    replace_paths: [],
    before,
    after,
    after_unknown: {},
    before_sensitive: false,
    after_sensitive: false,
    ...marks,
  });

describe("the difference of a resource", () => {
  it("is one line for each value that is added, removed or changed", () => {
    expect(change({ a: 1, b: "x", same: true, gone: 2 }, { a: 2, b: "x", same: true, new: [3] })).toEqual([
      "! a = 1 → 2",
      "- gone = 2",
      "+ new.0 = 3",
    ]);
  });

  it("compares the values inside JSON, and matches list elements by name", () => {
    const containers = (image: string, ...names: string[]) =>
      JSON.stringify([{ name: "app", image, environment: names.map((name) => ({ name, value: "1" })) }]);
    expect(
      change(
        { definitions: containers("app:1", "B", "C") },
        { definitions: containers("app:2", "A", "B", "C") },
      ),
    ).toEqual([
      '! definitions.app.image = "app:1" → "app:2"',
      '+ definitions.app.environment.A.name = "A"',
      '+ definitions.app.environment.A.value = "1"',
    ]);
  });

  it("shows the changed lines of long text", () => {
    const yaml = (burst: number) => `rc_message:\n  per_second: 10\n  burst_count: ${burst}\n`;
    expect(change({ yaml: yaml(30) }, { yaml: yaml(31) })).toEqual([
      "! yaml:",
      "-     burst_count: 30",
      "+     burst_count: 31",
    ]);
  });

  it("marks values that are known only after the apply, except in new resources", () => {
    const unknown = { after_unknown: { arn: true } };
    expect(change({ arn: "arn:1" }, {}, unknown)).toEqual(['! arn = "arn:1" → (known after apply)']);
    expect(change(null, { name: "x" }, { after_unknown: { arn: true } })).toEqual(['+ name = "x"']);
  });

  it("takes a field by its own name, even if every object inherits that name", () => {
    expect(change({ toString: "a" }, {})).toEqual(['- toString = "a"']);
  });

  it("cuts long values, and never through a character", () => {
    const [line = ""] = change({}, { text: `x${"😀".repeat(200)}` });
    expect(line).toBe(Buffer.from(line).toString());
  });

  it("cuts long values with their length", () => {
    const [line = ""] = change({}, { text: "x".repeat(10_000) });
    expect(line.length).toBeLessThan(300);
    expect(line).toContain("(10002 characters)");
  });

  it("treats null, empty lists and empty strings as equal", () => {
    expect(change({ a: null, b: [], c: "" }, { a: [], b: "", c: null })).toEqual([]);
  });
});

describe("a sensitive value", () => {
  const secret = "hunter2";
  const marks = { before_sensitive: { password: true }, after_sensitive: { password: true } };

  it.each<[string, unknown, unknown, Partial<ValueChange>, string[]]>([
    ["changed", { password: secret }, { password: "new" }, marks, ["! password = (sensitive) → (sensitive)"]],
    ["new", {}, { password: secret }, marks, ["+ password = (sensitive)"]],
    ["gone", { password: secret }, {}, marks, ["- password = (sensitive)"]],
    [
      "not known yet",
      { password: secret },
      {},
      { ...marks, after_unknown: { password: true } },
      ["! password = (sensitive) → (sensitive)"],
    ],
    [
      "only now marked",
      { password: secret },
      { password: "new" },
      { after_sensitive: { password: true } },
      ["! password = (sensitive) → (sensitive)"],
    ],
    [
      "the whole of a value",
      { a: { b: secret } },
      { a: { b: "x" } },
      { after_sensitive: { a: true } },
      ["! a = (sensitive) → (sensitive)"],
    ],
    ["an output", secret, "new", { after_sensitive: true }, ["!  = (sensitive) → (sensitive)"]],
  ])("is named and hidden when it is %s", (_, before, after, sensitivity, lines) => {
    expect(change(before, after, sensitivity)).toEqual(lines);
  });

  it("is not named when it is unchanged", () => {
    expect(change({ password: secret, a: 1 }, { password: secret, a: 2 }, marks)).toEqual(["! a = 1 → 2"]);
  });

  it("is never shown, however deep it is nested", () => {
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, 1, "text", "a\nb", '{"a":1}'),
        fc.array(tie("node"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom("a", "b", "name"), tie("node"), { maxKeys: 3 }),
        fc.constant(secret),
      ),
    })).node;
    const marksOf = (part: unknown): unknown => {
      if (part === secret) return true;
      if (Array.isArray(part)) return part.map(marksOf);
      if (typeof part === "object" && part !== null)
        return Object.fromEntries(Object.entries(part).map(([key, each]) => [key, marksOf(each)]));
      return false;
    };
    const unknown = fc.oneof(
      fc.constant({}),
      fc.constant(true),
      fc.constant({ a: true }),
      fc.constant([true]),
    );
    fc.assert(
      fc.property(value, value, unknown, (before, after, after_unknown) => {
        const lines = change(before, after, {
          after_unknown,
          before_sensitive: marksOf(before),
          after_sensitive: marksOf(after),
        });
        expect(lines.join("\n")).not.toContain(secret);
      }),
      { numRuns: 2000 },
    );
  });
});
