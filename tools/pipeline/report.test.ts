import { describe, expect, it } from "@jest/globals";
import { withMessage } from "../../test/jest/with-message.ts";
import { changesOf, unpack } from "./changes.ts";
import { parsePlan } from "./plan.ts";
import { COMMENT_LIMIT, changesIn, markerOf, report } from "./report.ts";

const resource = (address: string, actions: string[], change: object = {}, more: object = {}) => ({
  address,
  mode: "managed",
  ...more,
  change: { actions, before: actions[0] === "create" ? null : {}, after: {}, ...change },
});
const planOf = (resource_changes: object[], output_changes: object = {}) =>
  parsePlan(JSON.stringify({ format_version: "1.2", resource_changes, output_changes }), "plan.json");
const shown = (plan: ReturnType<typeof planOf>, limit = COMMENT_LIMIT) =>
  report(plan, { environment: "development", commit: "abc", runUrl: "https://example.org/run", limit });

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
    expect(unpack(changesIn(changes ?? "") ?? "")).toEqual(changesOf(plan));
    expect(rest.join("\n")).toMatchInlineSnapshot(`
      "### Plan of \`development\`: 1 to destroy, 1 to replace, 1 to change, 1 to add, 1 to move or import

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

      \`\`\`diff
      # aws_ecs_service.mcp: update
      !   count = 1 → 2

      # aws_ecs_task_definition.mcp: delete, create
      !   cpu = "256" → "512"

      # aws_iam_role.new: create
      +   name = "x"

      # aws_secretsmanager_secret.old: delete
      -   name = "y"

      # aws_sns_topic.b: no-op

      \`\`\`

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
    expect(unpack(changesIn(text) ?? "")).toEqual([`${address}: delete`]);
  });

  it("reads the changes from its own second line, not from a value that imitates it", () => {
    const pretended = "\n<!-- phenom-chat changes: AAAA -->\n";
    const text = shown(
      planOf([resource("a.b", ["update"], { before: { t: "x\n" }, after: { t: pretended } })]),
    );
    expect(unpack(changesIn(text) ?? "")).toEqual(["a.b: update"]);
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
    expect(unpack(changesIn(text) ?? "")).toHaveLength(count);
    expect(text.match(/<details>/g)?.length).toBe(text.match(/<\/details>/g)?.length);
  });

  it("is cut with a note that says how much is missing and where it is", () => {
    const text = shown(many(1000));
    expect(text).toMatch(
      /Cut: \d+ of \d+ lines don't fit here\. The log of \[this run\]\(https:\/\/example\.org\/run\)/,
    );
    expect(text.length).toBeGreaterThan(COMMENT_LIMIT - 1000);
    expect(text).toContain("- and 460 more");
  });

  it("stays within every limit that has room for the head", () => {
    const plan = many(30);
    const least = shown(plan, 0).length;
    for (let limit = least; limit < least + 3000; limit += 7)
      withMessage(`limit ${limit}`, () => expect(shown(plan, limit).length).toBeLessThanOrEqual(limit));
  });
});
