import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { parsePlan } from "../terraform/plan.ts";
import { changesOf, compare, pack, type Review, reviewOf, unpack } from "./changes.ts";

const resource = (address: string, actions: string[], more: object = {}, change: object = {}) => ({
  address,
  mode: "managed",
  ...more,
  change: { actions, ...change },
});
const plan = (...resource_changes: object[]) =>
  parsePlan(JSON.stringify({ format_version: "1.2", resource_changes }), "plan.json");

const source = { environment: "development", commit: "c".repeat(40) };

describe("the changes of a plan", () => {
  it("are sorted addresses and actions, without values, data sources and unchanged resources", () => {
    expect(
      changesOf(
        plan(
          resource("b.two", ["delete", "create"], {}, { after: { image: "app:2" } }),
          resource("a.one", ["update"], {}, { before: { x: 1 }, after: { x: 2 } }),
          resource("a.same", ["no-op"]),
          resource("data.d.e", ["read"], { mode: "data" }),
        ),
      ),
    ).toEqual(["a.one: update", "b.two: delete, create"]);
  });

  it("tell the order of a replacement, which decides whether the resource is missing meanwhile", () => {
    const of = (...actions: string[]) => changesOf(plan(resource("a.b", actions)));
    expect(of("create", "delete")).not.toEqual(of("delete", "create"));
  });

  it("include moves, imports and deposed objects, which change the state", () => {
    expect(
      changesOf(
        plan(
          resource("a.new", ["no-op"], { previous_address: "a.old" }),
          resource("a.found", ["no-op"], {}, { importing: { id: "i-1" } }),
          resource("a.b", ["delete"], { deposed: "4be7f8d6" }),
        ),
      ),
    ).toEqual(["a.b (deposed object 4be7f8d6): delete", "a.found: import i-1", "a.new: move from a.old"]);
  });

  it("include outputs", () => {
    const json = {
      format_version: "1.2",
      output_changes: { url: { actions: ["update"], before: 1, after: 2 } },
    };
    expect(changesOf(parsePlan(JSON.stringify(json), "plan.json"))).toEqual(["output url: update"]);
  });
});

describe("a review", () => {
  const change = fc.record({
    name: fc.string({ unit: "grapheme" }),
    origin: fc.array(fc.string()),
    actions: fc.string(),
    hash: fc
      .uint8Array({ minLength: 9, maxLength: 9 })
      .map((hash) => Buffer.from(hash).toString("base64url")),
    unknown: fc.array(fc.array(fc.oneof(fc.string(), fc.nat()))),
  });

  it("is the same after packing and unpacking, whatever the addresses hold", () => {
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const review = { ...source, changes };
        const packed = pack(review);
        expect(packed).toMatch(/^[A-Za-z0-9+/=]+$/);
        expect(unpack(packed)).toEqual(review);
      }),
    );
  });

  it("of three thousand new resources fits into a comment", () => {
    const resources = Array.from({ length: 3000 }, (_, i) =>
      resource(
        `aws_iam_role.chat_module_${i}_role`,
        ["create"],
        {},
        {
          before: null,
          after: { name: `role-${i}` },
          after_unknown: { arn: true, id: true, unique_id: true, inline_policy: true },
        },
      ),
    );
    expect(pack(reviewOf(plan(...resources), source)).length).toBeLessThan(56_000);
  });

  it("is refused when it is damaged or too large to unpack", () => {
    for (const damaged of ["", "AAAA", "!", pack({ ...source, changes: [] }).slice(2)])
      expect(() => unpack(damaged)).toThrow("is damaged: plan again");
    const huge = { name: "x".repeat(21 * 1024 * 1024), origin: [], actions: "", hash: "", unknown: [] };
    expect(() => unpack(pack({ ...source, changes: [huge] }))).toThrow("is damaged");
  });
});

describe("a plan", () => {
  it.each([
    ["text that is not JSON", "Planning failed", "plan.json is not JSON"],
    ["another document", "{}", "format_version"],
    ["an unknown format", '{"format_version":"2.0"}', "format_version"],
    [
      "an unknown action",
      JSON.stringify({ format_version: "1.2", resource_changes: [resource("a.b", ["explode"])] }),
      "resource_changes.0.change.actions.0",
    ],
    ["a plan that failed", '{"format_version":"1.2","errored":true}', "is a plan that failed"],
  ])("is refused when it is %s", (_, json, message) => {
    expect(() => parsePlan(json, "plan.json")).toThrow(message);
  });

  it("is refused without quoting its text", () => {
    expect(() => parsePlan('{"secret": hunter2', "plan.json")).toThrow(/^(?!.*hunter2)/);
  });
});

describe("the comparison with the review", () => {
  const review = (...resources: object[]): Review => reviewOf(plan(...resources), source);
  const reviewedRule = resource(
    "aws_rule.ingress",
    ["update"],
    {},
    {
      before: { cidr: "10.0.0.0/8" },
      after: { cidr: "10.1.0.0/16" },
    },
  );

  it("allows the reviewed changes, and a part of them, because an earlier run may have applied the rest", () => {
    const both = [reviewedRule, resource("a.b", ["create"])];
    expect(compare(review(...both), plan(...both))).toEqual({ unreviewed: [], done: [] });
    expect(compare(review(...both), plan(reviewedRule))).toEqual({ unreviewed: [], done: ["a.b: create"] });
    expect(compare(review(...both), plan())).toMatchObject({ unreviewed: [] });
  });

  it("refuses another resource and another action", () => {
    const now = plan(resource("a.b", ["delete", "create"]), resource("c.d", ["delete"]));
    expect(compare(review(resource("a.b", ["update"])), now).unreviewed).toEqual([
      "a.b: delete, create (reviewed was: a.b: update)",
      "c.d: delete",
    ]);
  });

  it("refuses other values at the same address, such as a rule that is open to everybody", () => {
    const open = resource(
      "aws_rule.ingress",
      ["update"],
      {},
      {
        before: { cidr: "10.0.0.0/8" },
        after: { cidr: "0.0.0.0/0" },
      },
    );
    expect(compare(review(reviewedRule), plan(open)).unreviewed).toEqual([
      "aws_rule.ingress: update (with other values than were reviewed)",
    ]);
  });

  it("allows values that were not known at the review, and compares all that were", () => {
    const unknown = { cidr: "10.1.0.0/16", group: null, tags: { Name: "a", Id: null } };
    const reviewed = review(
      resource(
        "a.b",
        ["create"],
        {},
        {
          after: unknown,
          after_unknown: { id: true, group: true, tags: { Id: true } },
        },
      ),
    );
    const known = { cidr: "10.1.0.0/16", group: "sg-1", tags: { Id: "i", Name: "a" } };
    const now = (after: object) =>
      compare(reviewed, plan(resource("a.b", ["create"], {}, { after, after_unknown: { id: true } })))
        .unreviewed;
    expect(now(known)).toEqual([]);
    expect(now({ ...known, tags: { Name: "b", Id: "i" } })).toHaveLength(1);
    expect(now({ ...known, cidr: "0.0.0.0/0" })).toHaveLength(1);
  });

  it("refuses a value that was known at the review and no longer is", () => {
    const reviewed = review(resource("a.b", ["create"], {}, { after: { group: "sg-1" } }));
    const now = plan(resource("a.b", ["create"], {}, { after: {}, after_unknown: { group: true } }));
    expect(compare(reviewed, now).unreviewed).toHaveLength(1);
  });

  it("holds no secret, not even as a hash, and does not depend on the order of fields", () => {
    const of = (after: object) =>
      review(resource("a.b", ["update"], {}, { after, after_sensitive: { password: true } })).changes;
    expect(of({ password: "hunter2", user: "x" })).toEqual(of({ user: "x", password: "correct horse" }));
    expect(of({ password: "hunter2", user: "x" })).not.toEqual(of({ user: "y", password: "hunter2" }));
  });

  it("takes an image by its content, whichever digest the build gives it", () => {
    const image = (reference: string) =>
      resource("a.task", ["update"], {}, { after: { image: `x/y:${reference}` } });
    const digest = `@sha256:${"0".repeat(64)}`;
    expect(compare(review(image("content-12ab")), plan(image(`content-12ab${digest}`))).unreviewed).toEqual(
      [],
    );
    expect(
      compare(review(image("content-12ab")), plan(image(`content-99ab${digest}`))).unreviewed,
    ).toHaveLength(1);
    const variable = (tag: string) => resource("a.output", ["update"], {}, { after: { mcp_image_tag: tag } });
    expect(
      compare(review(variable("content-12ab")), plan(variable(`content-12ab${digest}`))).unreviewed,
    ).toEqual([]);
    expect(compare(review(image("1.0.0")), plan(image(`1.0.0${digest}`))).unreviewed).toHaveLength(1);
  });

  it("refuses another import", () => {
    const imported = (id: string) => resource("a.b", ["no-op"], {}, { importing: { id } });
    expect(compare(review(imported("i-1")), plan(imported("i-1"))).unreviewed).toEqual([]);
    expect(compare(review(imported("i-1")), plan(imported("i-2"))).unreviewed).toHaveLength(1);
  });

  describe("after a deployment that ended half-way", () => {
    const after = { name: "x" };
    it.each<[string, object, object]>([
      [
        "creates again what Terraform could create only in part",
        resource("a.b", ["create"], {}, { after }),
        resource("a.b", ["delete", "create"], { action_reason: "replace_because_tainted" }, { after }),
      ],
      [
        "creates what a replacement had destroyed already",
        resource("a.b", ["delete", "create"], {}, { after }),
        resource("a.b", ["create"], {}, { after }),
      ],
      [
        "destroys what a replacement left behind",
        resource("a.b", ["create", "delete"], {}, { after }),
        resource("a.b", ["delete"], { deposed: "4be7f8d6" }, { after: null }),
      ],
      [
        "updates what was imported already",
        resource("a.b", ["update"], {}, { after, importing: { id: "i-1" } }),
        resource("a.b", ["update"], {}, { after }),
      ],
    ])("%s", (_, reviewed, now) => {
      expect(compare(review(reviewed), plan(now)).unreviewed).toEqual([]);
    });

    it("does not replace what was only to be created, unless its creation failed", () => {
      const reviewed = review(resource("a.b", ["create"], {}, { after }));
      const now = plan(resource("a.b", ["delete", "create"], {}, { after }));
      expect(compare(reviewed, now).unreviewed).toHaveLength(1);
    });
  });
});
