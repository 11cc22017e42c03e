import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "@jest/globals";
import * as z from "zod";
import { environments } from "../../environments/index.ts";
import { production } from "../../environments/production.ts";
import type { EnvironmentData } from "../../environments/schema.ts";
import { pipelineStack, platformStack } from "../../environments/stack-names.ts";
import { tools } from "../../tools/setup/tools.ts";
import { describeWith } from "../jest/describe-if.ts";
import { check, synthesised } from "../terraform/offline.ts";

/** A finding that stays, and what holds the risk down instead. */
const accepted = z
  .array(
    z.strictObject({
      check: z.string(),
      /** Addresses, or `type.*` for all of a type. */
      resources: z.union([z.string(), z.array(z.string())]),
      finding: z.string(),
      why: z.string(),
      compensation: z.string(),
      /** `file › name of the test`. */
      test: z.string(),
    }),
  )
  .parse(JSON.parse(readFileSync("test/security/accepted-findings.json", "utf8")));

const CHECKOV = tools.checkov.path("checkov");

const report = z.object({
  results: z.object({ failed_checks: z.array(z.object({ check_id: z.string(), resource: z.string() })) }),
  summary: z.object({ passed: z.number(), parsing_errors: z.number() }),
});

/** Development with one process of Synapse, production as it may grow: with every kind of worker. */
const plans: readonly EnvironmentData[] = environments.map((data) =>
  data === production
    ? { ...data, workers: { sync: 1, client: 1, events: 1, streams: 1, media: 1, background: 1 } }
    : data,
);

/** Findings on the plans, as `check address`. */
async function findings(): Promise<string[]> {
  const stacks = [
    ...plans.map((data) => synthesised(data)),
    ...environments.map((data) => synthesised(data, pipelineStack(data.environment))),
    ...environments.map((data) => synthesised(data, platformStack(data.environment))),
  ];
  const files = await Promise.all(
    stacks.map(async (synth) => {
      const plan = path.join(synth.out, "plan.json");
      const { code, output } = await check(synth, "--plan-only", "--json", plan);
      if (code !== 0) throw new Error(output);
      return plan;
    }),
  );
  const args = ["--framework", "terraform_plan", "-o", "json", "--compact", "--soft-fail", "-f", ...files];
  const { stdout } = await promisify(execFile)(CHECKOV, args, { maxBuffer: 64 * 1024 * 1024 });
  const { results, summary } = report.parse(JSON.parse(stdout));
  if (summary.parsing_errors || summary.passed === 0)
    throw new Error(`checkov could not read the plans: ${JSON.stringify(summary)}`);
  return [
    ...new Set(results.failed_checks.map(({ check_id, resource }) => `${check_id} ${resource}`)),
  ].sort();
}

const patterns = ({ resources }: { resources: string | string[] }) => [resources].flat();
const covers = (pattern: string, resource: string) =>
  pattern.endsWith(".*")
    ? resource.startsWith(pattern.slice(0, -1))
    : resource.replace(/\[.*\]$/, "") === pattern;

describeWith("terraform", "checkov")("checkov on the plans", () => {
  let found: string[];
  beforeAll(async () => {
    found = await findings();
  }, 300_000);

  it("has no finding that is not accepted with a reason", () => {
    const unexplained = found.filter((line) => {
      const [id, resource = ""] = line.split(" ");
      return !accepted.some(
        (entry) => entry.check === id && patterns(entry).some((p) => covers(p, resource)),
      );
    });
    expect(unexplained).toEqual([]);
  });

  it("has every finding that is accepted, so that unused entries are removed", () => {
    const unused = accepted.flatMap((entry) =>
      patterns(entry)
        .filter(
          (p) =>
            !found.some((line) => line.startsWith(`${entry.check} `) && covers(p, line.split(" ")[1] ?? "")),
        )
        .map((p) => `${entry.check} ${p}`),
    );
    expect(unused).toEqual([]);
  });
});

describe("an accepted finding", () => {
  it.each(accepted)("$check names a test that shows its compensation", ({ test }) => {
    const [file = "", name = ""] = test.split(" › ");
    expect(readFileSync(file, "utf8")).toContain(name);
  });
});
