import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beyond, type Change, changesOf, checkWithin, readReviewed, summaryLines } from "./plan.ts";

const resource = (address: string, ...actions: string[]) => ({
  address,
  change: { actions, before: { password: "s3cret" } },
});

describe("the changes of a plan", () => {
  it("are those that touch something, sorted", () => {
    expect(
      changesOf({
        resource_changes: [
          resource("d.read", "read"),
          resource("c.replaced", "delete", "create"),
          resource("b.replaced_first", "create", "delete"),
          resource("a.same", "no-op"),
          resource("a.new", "create"),
          resource("a.changed", "update"),
          resource("a.gone", "delete"),
        ],
      }),
    ).toEqual([
      { address: "a.changed", action: "update" },
      { address: "a.gone", action: "delete" },
      { address: "a.new", action: "create" },
      { address: "b.replaced_first", action: "replace" },
      { address: "c.replaced", action: "replace" },
    ]);
  });

  it("are counted, and what is replaced or destroyed is named", () => {
    expect(
      summaryLines([
        { address: "a.a", action: "create" },
        { address: "b.b", action: "delete" },
        { address: "c.c", action: "update" },
      ]),
    ).toEqual(["plan: 1 to create, 1 to update, 0 to replace, 1 to destroy", "  delete b.b"]);
  });
});

const change = fc.record<Change>({
  address: fc.constantFrom("a.a", "b.b", "c.c"),
  action: fc.constantFrom("create", "update", "replace", "delete"),
});

describe("what was reviewed", () => {
  it("allows every part of itself, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(change), fc.array(change), (planned, reviewed) => {
        const more = beyond(planned, reviewed);
        const check = () => checkWithin(planned, reviewed, "what was reviewed");
        if (more.length) expect(check).toThrow("no longer what was reviewed");
        else expect(check).not.toThrow();
        for (const { address, action } of more)
          expect(reviewed.some((r) => r.address === address && r.action === action)).toBe(false);
      }),
    );
  });

  it("is not there where another action was shown for the same resource", () => {
    const update: Change = { address: "a.a", action: "update" };
    expect(beyond([{ ...update, action: "replace" }], [update])).toEqual([
      { address: "a.a", action: "replace" },
    ]);
  });

  it.each([
    ["no plan at all", '{"resource_changes": "s3cret"}'],
    ["no JSON", "{s3cret"],
  ])("can't be read from %s, and the error shows nothing of it", (_, text) => {
    const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
    const file = path.join(folder, "plan.json");
    writeFileSync(file, text);
    expect(() => readReviewed(file)).toThrow(`--plan-check ${file}: it holds no resource_changes`);
    rmSync(folder, { recursive: true });
  });

  it("can't be read from a file that is not there", () => {
    expect(() => readReviewed("nowhere.json")).toThrow("--plan-check nowhere.json: ENOENT");
  });
});
