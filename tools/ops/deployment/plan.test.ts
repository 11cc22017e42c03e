import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { EXIT } from "../../cli/problem.ts";
import { type Change, changesOf, checkWithin, notIn, readReviewed, summaryLines } from "./plan.ts";

const resource = (address: string, ...actions: string[]) => ({
  address,
  change: { actions, before: { password: "s3cret" } },
});

const plan = (...resource_changes: object[]) => JSON.stringify({ resource_changes });

describe("the changes of a plan", () => {
  it("are the resources that would change, sorted by address", () => {
    expect(
      changesOf(
        plan(
          resource("d.read", "read"),
          resource("c.replaced", "delete", "create"),
          resource("b.replaced_first", "create", "delete"),
          resource("a.same", "no-op"),
          resource("a.new", "create"),
          resource("a.changed", "update"),
          resource("a.gone", "delete"),
        ),
        "the plan",
      ).map(({ address, action }) => ({ address, action })),
    ).toEqual([
      { address: "a.changed", action: "update" },
      { address: "a.gone", action: "delete" },
      { address: "a.new", action: "create" },
      { address: "b.replaced_first", action: "replace" },
      { address: "c.replaced", action: "replace" },
    ]);
  });

  it("are counted, and replacements and deletions are named", () => {
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

describe("a reviewed plan", () => {
  it("allows its own changes, and no others", () => {
    fc.assert(
      fc.property(fc.array(change), fc.array(change), (planned, reviewed) => {
        const more = notIn(reviewed, planned);
        const check = () => checkWithin(planned, reviewed, "what was reviewed");
        if (more.length) expect(check).toThrow("no longer what was reviewed");
        else expect(check).not.toThrow();
        for (const { address, action } of more)
          expect(reviewed.some((r) => r.address === address && r.action === action)).toBe(false);
      }),
    );
  });

  it("does not allow other values of the same resource", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
    const file = path.join(folder, "plan.json");
    const of = (cidr: string) =>
      plan({ address: "aws_rule.a", change: { actions: ["update"], before: {}, after: { cidr } } });
    writeFileSync(file, of("10.0.0.0/8"));
    const reviewed = readReviewed(file);
    expect(notIn(reviewed, changesOf(of("10.0.0.0/8"), "the plan"))).toEqual([]);
    expect(notIn(reviewed, changesOf(of("0.0.0.0/0"), "the plan"))).toHaveLength(1);
    rmSync(folder, { recursive: true });
  });

  it("does not allow another action on the same resource", () => {
    const update: Change = { address: "a.a", action: "update" };
    expect(notIn([update], [{ ...update, action: "replace" }])).toEqual([
      { address: "a.a", action: "replace" },
    ]);
  });

  it.each([
    ["no plan at all", '{"resource_changes": "s3cret"}', "is not a plan as terraform show -json prints it"],
    ["no JSON", "{s3cret", "is not JSON"],
    ["an action that is not known", plan(resource("a.b", "s3cret")), "resource_changes.0.change.actions.0"],
    ["a plan that failed", '{"errored": true, "resource_changes": []}', "is a plan that failed"],
  ])("can't be read from %s, and the error quotes none of it", (_, text, why) => {
    const folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
    const file = path.join(folder, "plan.json");
    writeFileSync(file, text);
    const read = () => readReviewed(file);
    expect(read).toThrow(`--plan-check ${file} `);
    expect(read).toThrow(why);
    expect(read).toThrow(/^(?!.*s3cret)/s);
    expect(read).toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
    rmSync(folder, { recursive: true });
  });

  it("can't be read from a file that does not exist", () => {
    expect(() => readReviewed("nowhere.json")).toThrow("--plan-check nowhere.json can't be read: ENOENT");
  });
});
