import { describe, expect, it } from "@jest/globals";
import { UsageError } from "../usage.ts";
import type { Benchmark } from "./benchmark.ts";
import { readOptions } from "./options.ts";

const benchmarks: Benchmark[] = ["synth", "lambdas"].map((name) => ({
  ...{ name, description: name, measure: async () => [] },
}));
const read = (...args: string[]) => readOptions(args, benchmarks);

describe("the options of npm run bench", () => {
  it("choose all benchmarks by default", () => {
    expect(read()).toEqual({ mode: "measure", benchmarks, json: false, quick: false });
  });

  it("choose the named benchmarks, in their own order", () => {
    expect(read("lambdas", "synth", "--json", "--quick")).toEqual({
      ...{ mode: "measure", benchmarks, json: true, quick: true },
    });
    expect(read("lambdas")).toMatchObject({ benchmarks: [{ name: "lambdas" }] });
  });

  it("answer --help and --list without measuring", () => {
    expect(read("--help")).toEqual({ mode: "help" });
    expect(read("synth", "--list")).toEqual({ mode: "list" });
  });

  it.each([
    ["nonsense", "Unknown benchmark nonsense: choose from synth, lambdas."],
    ["--nonsense", "Unknown option '--nonsense': npm run bench -- --help lists the options."],
    ["--json=1", "Option '--json' does not take an argument: npm run bench -- --help lists the options."],
  ])("refuse %s in one sentence", (argument, message) => {
    expect(() => read(argument)).toThrow(new UsageError(message));
  });
});
