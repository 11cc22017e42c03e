import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { anyCharacter } from "../../test/jest/any-character.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { parsePlan } from "../terraform/plan.ts";
import { reviewOf, unpack } from "./changes.ts";
import { COMMENT_LIMIT, markerOf, report, reviewIn } from "./report.ts";

const resource = (address: string, actions: readonly string[], change: object = {}, more: object = {}) => ({
  address,
  type: address.split(".")[0],
  mode: "managed",
  ...more,
  change: { actions, before: actions[0] === "create" ? null : {}, after: {}, ...change },
});
const planOf = (resource_changes: object[], output_changes: object = {}, more: object = {}) =>
  parsePlan(
    JSON.stringify({ format_version: "1.2", resource_changes, output_changes, ...more }),
    "plan.json",
  );
const shown = (plan: ReturnType<typeof planOf>, limit = COMMENT_LIMIT) =>
  report(plan, { environment: "development", commit: "abc", runUrl: "https://example.org/run", limit });

const namesIn = (text: string) => unpack(reviewIn(text) ?? "").changes.map(({ name }) => name);

describe("the report of a plan", () => {
  const plan = planOf([
    resource("aws_ecs_service.mcp", ["update"], { before: { count: 1 }, after: { count: 2 } }),
    resource("aws_iam_role.new", ["create"], { after: { name: "x" } }),
    resource("aws_ecs_task_definition.mcp", ["delete", "create"], {
      before: { cpu: "256" },
      after: { cpu: "512" },
      replace_paths: [["cpu"]],
    }),
    resource("aws_secretsmanager_secret.old", ["delete"], { before: { name: "y" }, after: null }),
    resource("aws_sns_topic.b", ["no-op"], {}, { previous_address: "aws_sns_topic.a" }),
  ]);

  it("lists deletions and replacements, folds the rest, and ends with the full plan", () => {
    const [marker, changes, ...rest] = shown(plan).split("\n");
    expect(marker).toBe(markerOf("development"));
    expect(unpack(reviewIn(changes ?? "") ?? "")).toEqual(
      reviewOf(plan, { environment: "development", commit: "abc" }),
    );
    expect(rest.join("\n")).toMatchInlineSnapshot(`
"### Plan of \`development\`: 1 to destroy, 1 to replace, 1 to change, 1 to add, 1 to move or import

**Can't be made again: data, keys or identity are lost**

- \`aws_secretsmanager_secret.old\`: destroyed

Standing costs: −$0.40 a month, by list prices

**Destroyed**

- \`aws_secretsmanager_secret.old\`

**Replaced**

- \`aws_ecs_task_definition.mcp\`: forced by \`cpu\`

<details><summary>1 to change, 1 to add, 1 to move or import</summary>

**Changed**

- \`aws_ecs_service.mcp\`

**Added**

- \`aws_iam_role.new\`

**Moved or imported**

- \`aws_sns_topic.b\`: moved from \`aws_sns_topic.a\`

</details>

<details><summary>Full plan</summary>

\`\`\`\`diff
# aws_ecs_service.mcp: update
!   count = 1 → 2

# aws_ecs_task_definition.mcp: delete, create, forced by \`cpu\`
!   cpu = "256" → "512"

# aws_iam_role.new: create
+   name = "x"

# aws_secretsmanager_secret.old: delete
-   name = "y"

# aws_sns_topic.b: no-op, moved from \`aws_sns_topic.a\`

\`\`\`\`

</details>

<sub>Commit abc · [run](https://example.org/run) · values marked as sensitive are hidden</sub>"
`);
  });

  it("says that there is nothing to do, and folds nothing", () => {
    const text = shown(planOf([]));
    expect(text).toContain("### Plan of `development`: nothing to do");
    expect(text).not.toContain("<details>");
  });

  it("shows how outputs change", () => {
    const text = shown(
      planOf([], { yaml: { actions: ["update"], before: "a: 1\nb: 2\n", after: "a: 1\nb: 3\n" } }),
    );
    expect(text).toContain("# outputs\n!   yaml:\n-     b: 2\n+     b: 3");
  });

  it("escapes the names and values of resources", () => {
    const address = 'aws_x.y["`a``b`-->"]';
    const text = shown(
      planOf([
        resource(address, ["delete"], { before: { text: "````\n</details>\n@everyone" }, after: null }),
      ]),
    );
    expect(text).toContain(`- \`\`\`${address}\`\`\``);
    expect(text).toContain("```````diff");
    expect(namesIn(text)).toEqual([address]);
  });

  it("reads the changes from its own second line, not from a value that imitates it", () => {
    const pretended = "\n<!-- phenom-chat changes: AAAA -->\n";
    const text = shown(
      planOf([resource("a.b", ["update"], { before: { t: "x\n" }, after: { t: pretended } })]),
    );
    expect(namesIn(text)).toEqual(["a.b"]);
  });
});

describe("the length of a report", () => {
  const many = (count: number) =>
    planOf(
      Array.from({ length: count }, (_, i) =>
        resource(`aws_iam_role.role_${String(i).padStart(5, "0")}`, i % 2 ? ["delete"] : ["update"], {
          before: { name: `before-${i}`, description: "x".repeat(200) },
          after: i % 2 ? null : { name: `after-${i}`, description: "y".repeat(200) },
        }),
      ),
    );

  it.each([1, 10, 100, 1000])("fits into a comment with %i resources", (count) => {
    const text = shown(many(count));
    expect(text.length).toBeLessThanOrEqual(COMMENT_LIMIT);
    expect(namesIn(text)).toHaveLength(count);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  });

  it("is cut with a note that says how much is missing and where it is", () => {
    const text = shown(many(1000));
    expect(text).toMatch(
      /Cut: \d+ lines don't fit here\. The log of \[this run\]\(https:\/\/example\.org\/run\)/,
    );
    expect(text.length).toBeGreaterThan(COMMENT_LIMIT - 1000);
  });

  it("stays within every limit that has room for the head", () => {
    const plan = many(30);
    const text = shown(plan);
    const least = text.indexOf("**Destroyed**") + 1000;
    for (let limit = least; limit < least + 3000; limit += 7)
      withMessage(`limit ${limit}`, () => expect(shown(plan, limit).length).toBeLessThanOrEqual(limit));
  });

  it("is never over the limit, whatever the plan holds", () => {
    const text = fc.oneof(
      fc.string({ unit: anyCharacter, maxLength: 300 }),
      fc.constantFrom("````", "</details>", "@team", "a\nb\n", "é😀".repeat(100), "x".repeat(1000)),
    );
    const change = fc.record({
      type: fc.constantFrom("aws_iam_role", "aws_secretsmanager_secret", "aws_lb"),
      name: text,
      actions: fc.constantFrom(["create"], ["update"], ["delete"], ["delete", "create"], ["forget"]),
      before: fc.dictionary(text, text, { maxKeys: 3 }),
      after: fc.dictionary(text, text, { maxKeys: 3 }),
    });
    const sizes = fc.constantFrom(1, 30, 200);
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), sizes, (kinds, size) => {
        const resources = Array.from({ length: size }, (_, index) => {
          const kind = kinds[index % kinds.length];
          if (!kind) throw new Error("there are no kinds");
          const { type, name, actions, before, after } = kind;
          // Long texts are for values: Terraform's names are short.
          return resource(`${type}.x["${name.slice(0, 40)}-${index}"]`, actions, { before, after });
        });
        const whole = shown(planOf(resources));
        expect(whole.length).toBeLessThanOrEqual(COMMENT_LIMIT);
        expect(Buffer.from(whole).toString()).toBe(whole);
        const losses = resources.filter(
          ({ type, change }) =>
            type === "aws_secretsmanager_secret" && /delete|forget/.test(change.actions.join()),
        );
        expect(whole.split("Can't be made again")[1]?.split("\n\n")[1]?.split("\n").length ?? 0).toBe(
          losses.length,
        );
      }),
      { numRuns: 60 },
    );
  });

  it("is refused where what can't be made again does not fit", () => {
    const secrets = Array.from({ length: 1500 }, (_, i) =>
      resource(`aws_secretsmanager_secret.one_of_many_${i}`, ["delete"], { after: null }),
    );
    expect(() => shown(planOf(secrets))).toThrow("1500 resources that can't be made again");
  });
});

describe("what a reviewer must not miss", () => {
  it("is listed first and completely: what can't be made again, in a plan that destroys 86 resources", () => {
    const alarms = Array.from({ length: 70 }, (_, i) =>
      resource(`aws_cloudwatch_metric_alarm.a${i}`, ["delete"]),
    );
    const secrets = Array.from({ length: 15 }, (_, i) =>
      resource(`aws_secretsmanager_secret.s${i}`, ["delete"]),
    );
    const disk = resource("aws_efs_file_system.media", ["delete", "create"]);
    const text = shown(planOf([...alarms, ...secrets, disk]));
    const first = text.split("**Destroyed**")[0] ?? "";
    for (const name of ["s0", "s9", "s14"])
      expect(first).toContain(`- \`aws_secretsmanager_secret.${name}\`: destroyed`);
    expect(first).toContain("- `aws_efs_file_system.media`: replaced");
    expect(first).not.toContain("alarm");
  });

  it("says how the standing costs change, and links the page for reviewers", () => {
    const alarm = { address: "aws_cloudwatch_metric_alarm.a", type: "aws_cloudwatch_metric_alarm" };
    const text = report(planOf([{ ...alarm, change: { actions: ["create"], before: null, after: {} } }]), {
      ...{ environment: "development", commit: "c", runUrl: "https://run", limit: COMMENT_LIMIT },
      pageUrl: "https://page",
    });
    expect(text).toContain("\nStanding costs: +$0.10 a month, by list prices\n");
    expect(text).toContain("· [page for reviewers](https://page) ·");
  });

  it.each([
    ["replace_because_tainted", "tainted, because its creation failed or somebody marked it"],
    ["replace_by_request", "asked for with `-replace`"],
    ["replace_by_triggers", "triggered by `replace_triggered_by`"],
  ])("says why a resource is replaced: %s", (action_reason, words) => {
    const text = shown(planOf([resource("a.b", ["delete", "create"], {}, { action_reason })]));
    expect(text).toContain(`- \`a.b\`: ${words}`);
  });

  it("shows checks that fail or are not known, and not those that pass", () => {
    const check = (name: string, status: string, message?: string) => ({
      address: { kind: "check", to_display: `check.${name}` },
      status,
      instances: [{ problems: message === undefined ? [] : [{ message }] }],
    });
    const checks = [
      check("good", "pass"),
      check("bad", "fail", "listens on `80`\n</details> @team"),
      check("later", "unknown"),
    ];
    const text = shown(planOf([], {}, { checks }));
    expect(text).toContain("### Plan of `development`: nothing to do · **1 check fails**");
    expect(text).toContain("- `check.bad`: **fails**: ``listens on `80` </details> @team``");
    expect(text).toContain("- `check.later`: known after the apply");
    expect(text).not.toContain("check.good");
  });

  it("shows drift, deferred changes and ids of imports", () => {
    const text = shown(
      planOf(
        [resource("a.found", ["no-op"], {}, {}), resource("a.i", ["no-op"], { importing: { id: "i-1" } })],
        {},
        {
          resource_drift: [resource("a.drifted", ["update"], { before: { size: 1 }, after: { size: 9 } })],
          deferred_changes: [
            { reason: "provider_config_unknown", resource_change: resource("a.later", ["create"]) },
          ],
        },
      ),
    );
    expect(text).toContain("1 to move or import, 1 deferred · 1 changed outside of Terraform");
    expect(text).toContain("- `a.i`: imported from `i-1`");
    expect(text).toContain("- `a.later`: `provider_config_unknown`");
    expect(text).toContain("# a.drifted: update\n!   size = 1 → 9");
  });

  it("names values that lose their mark as sensitive, and does not show them", () => {
    const text = shown(
      planOf(
        [
          resource("a.b", ["update"], {
            before: { password: "hunter2", other: "hunter2" },
            after: { password: "hunter2", other: "hunter2" },
            before_sensitive: { password: true, other: true },
            after_sensitive: { other: true },
          }),
        ],
        {
          token: {
            actions: ["update"],
            before: "hunter2",
            after: "hunter2",
            before_sensitive: true,
            after_sensitive: true,
          },
        },
        {
          configuration: { root_module: { outputs: { token: {} } } },
        },
      ),
    );
    expect(text).toContain("**No longer marked as sensitive");
    expect(text).toContain("- `a.b`: `password`\n- `output token`\n");
    expect(text).not.toContain("hunter2");
  });

  it("does not call a plan that only changes outputs nothing to do", () => {
    const text = shown(planOf([], { url: { actions: ["update"], before: "a", after: "b" } }));
    expect(text).toContain("### Plan of `development`: 1 output to change");
  });
});
