import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { workload } from "../../test/ab/results.ts";
import { cellsOf } from "../../test/ab/table.ts";
import { describeWithSynapse } from "../../test/describe-with-synapse.ts";
import { withMessage } from "../../test/jest/with-message.ts";
import { localPostgres } from "./local/relational.ts";
import { type Results, readResults } from "./results.ts";
import type { SideKey, Target } from "./side.ts";

const run = promisify(execFile);
/** A command that does not end is killed, so that the failure shows what it has printed. */
const ab = (args: readonly string[], variables: Record<string, string> = {}, timeout = 60_000) =>
  run(process.execPath, ["tools/run.mjs", "tools/ab/main.ts", ...args], {
    env: { ...process.env, ...variables },
    ...{ timeout, killSignal: "SIGKILL" },
  });

const RECEIVERS = 4;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "phenom-ab-test-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const step = (results: Results, side: SideKey, name: string) => {
  const found = results.runs.find((each) => each.side === side)?.steps.find((each) => each.step === name);
  if (!found) throw new Error(`${side} has no step ${name}`);
  return found;
};

describeWithSynapse("npm run ab on this machine", () => {
  let results: Results;
  let html: string;
  beforeAll(async () => {
    const short = ["--seconds", "2", "--warm-up", "0.5", "--saturation", "0.5", "--deliveries", "1"];
    await ab(["--quick", ...short, "--receivers", String(RECEIVERS), "--out", folder], {}, 270_000);
    results = await readResults(join(folder, "results.json"));
    html = await readFile(join(folder, "index.html"), "utf8");
  }, 280_000);

  it("runs the same operations on all sides, and all of them succeed", () => {
    const kinds = (side: SideKey) =>
      step(results, side, "steady")
        .samples.toSorted((a, b) => a[1] - b[1])
        .map(([kind]) => kind);
    expect(kinds("A")).toEqual(kinds("B"));
    expect(kinds("A")).toEqual(kinds("C"));
    expect(new Set(kinds("A")).size).toBeGreaterThanOrEqual(5);
    for (const { steps } of results.runs)
      for (const { samples } of steps) expect(samples.filter(([, , , error]) => error !== null)).toEqual([]);
  });

  it("finds every acknowledged message", () => {
    for (const { acknowledged, missing } of results.runs) {
      expect(acknowledged).toBeGreaterThan(5);
      expect(missing).toBe(0);
    }
  });

  it("measures the resources of each process", () => {
    const partsOf = (side: SideKey) =>
      step(results, side, "steady")
        .used?.parts.map(({ part }) => part)
        .sort();
    expect(partsOf("A")).toEqual(["mcp", "postgres", "synapse"]);
    expect(partsOf("B")).toEqual(["graphql", "mcp", "postgres"]);
    expect(partsOf("C")).toEqual(["mcp", "postgres"]);
    for (const { side, steps } of results.runs) {
      const used = steps.flatMap((each) => each.used ?? []);
      for (const { part, cpuSeconds, memoryMiB } of used.flatMap(({ parts }) => parts)) {
        withMessage(`${side} ${part}`, () => expect(cpuSeconds).toBeGreaterThan(0));
        withMessage(`${side} ${part}`, () => expect(memoryMiB).toBeGreaterThan(10));
      }
      expect(used.reduce((sum, { databaseBytes }) => sum + databaseBytes, 0)).toBeGreaterThan(1000);
      for (const { parts, machineCpuSeconds } of used)
        expect(machineCpuSeconds).toBeGreaterThan(
          0.9 * parts.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) - 0.1,
        );
    }
  });

  it("delivers every message to every waiting app, and measures what each step used", () => {
    for (const { side, live } of results.runs) {
      if (side === "C") expect(live).toBeNull();
      for (const step of live ?? []) {
        withMessage(`${side} ${step.step}`, () => expect(step.missing).toBe(0));
        expect(step.arrivals).toHaveLength(step.sends * step.receivers);
        expect(step.signInTimes).toHaveLength(step.signIns);
        expect(step.used?.connections).toBeGreaterThan(0);
      }
    }
    const most = (side: SideKey) =>
      results.runs.find((run) => run.side === side)?.live?.findLast(({ signIns }) => signIns === 0);
    expect(most("A")?.arrivals.length).toBeGreaterThan(0);
    expect(most("A")?.receivers).toBe(RECEIVERS);
    expect(most("B")?.receivers).toBe(RECEIVERS);
  });

  it("writes the measured figures to the page", () => {
    const shown = (heading: string, side: SideKey) => {
      const cell = cellsOf(html, "figures", heading)["ABC".indexOf(side)] ?? "";
      return Number.parseFloat(cell.replaceAll(",", ""));
    };
    for (const side of ["A", "B", "C"] as const) {
      const { samples, took, used } = step(results, side, "steady");
      const sent = samples.filter(([kind]) => kind === "send").map(([, , latency]) => latency);
      const [low, high] = middle(sent);
      const cpuSeconds = used?.parts.reduce((sum, part) => sum + part.cpuSeconds, 0) ?? 0;
      const expected = {
        "Sending, median": (low + high) / 2,
        "Operations per second, open loop": samples.length / (took / 1000),
        "CPU time per message": (1000 * cpuSeconds) / sent.length,
      };
      // The page shows three digits.
      for (const [heading, value] of Object.entries(expected))
        withMessage(`${side} ${heading}`, () => expect(shown(heading, side) / value).toBeCloseTo(1, 2));
    }
    expect(html).toContain("Fewer than five runs");
  });

  it("renders the same page again from the results", async () => {
    const again = join(folder, "again");
    await ab(["--from", join(folder, "results.json"), "--out", again]);
    expect(await readFile(join(again, "index.html"), "utf8")).toBe(html);
  });
});

/** The two middle values, which are the same if their number is odd. */
function middle(values: readonly number[]): [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return [sorted[Math.ceil(half) - 1] ?? 0, sorted[Math.floor(half)] ?? 0];
}

describe("npm run ab on two deployed servers", () => {
  let target: Target;
  beforeAll(async () => {
    target = await localPostgres.start({ ...workload, rooms: 2, people: 4 });
  });
  afterAll(() => target?.stop());

  it("measures through their URLs with the tokens from the environment, and shows no token", async () => {
    const [first = "", second = ""] = target.tokens;
    const out = join(folder, "elsewhere");
    const { stdout, stderr } = await ab(
      ["--quick", "--seconds", "2", "--a", target.mcp.href, "--b", target.mcp.href, "--out", out],
      { AB_TOKEN_A: first, AB_TOKEN_B: `${first} ${second}` },
    );
    const results = await readResults(join(out, "results.json"));
    const html = await readFile(join(out, "index.html"), "utf8");
    expect(results.machine).toBeNull();
    expect(results.sides.map(({ key, ran }) => [key, ran])).toEqual([
      ["A", expect.stringContaining("on backend postgres")],
      ["B", expect.stringContaining("on backend postgres")],
    ]);
    for (const { steps, missing } of results.runs) {
      expect(steps).toHaveLength(1);
      expect(missing).toBe(0);
      expect(steps[0]?.samples.filter(([, , , error]) => error !== null)).toEqual([]);
    }
    for (const text of [stdout, stderr, html, JSON.stringify(results)]) expect(text).not.toContain(first);
  });

  it("writes only to rooms named for it, and names what is missing", async () => {
    const error = await ab(["--quick", "--rooms", "9", "--a", target.mcp.href, "--b", target.mcp.href], {
      AB_TOKEN_A: target.tokens[0] ?? "",
      AB_TOKEN_B: target.tokens[0] ?? "",
    }).catch((error: unknown) => String(error));
    expect(error).toContain("--rooms 9");
    expect(error).toContain('2 are named "Evaluation 1" and so on');
  });

  it("refuses a URL where no MCP server answers", async () => {
    const elsewhere = new URL("/other", target.mcp).href;
    const error = await ab(["--quick", "--a", elsewhere, "--b", elsewhere], {
      AB_TOKEN_A: "x",
      AB_TOKEN_B: "x",
    }).catch((error: unknown) => String(error));
    expect(error).toContain("is not an MCP server of this project");
  });
});
