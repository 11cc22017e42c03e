import { describe, expect, it } from "@jest/globals";
import { readOptions, UsageError } from "./options.ts";

const tokens = { AB_TOKEN_A: "token-a", AB_TOKEN_B: "one two" };
const read = (line: string, variables: Record<string, string> = {}) =>
  readOptions(line.split(" ").filter(Boolean), variables);
const refusal = (line: string, variables: Record<string, string> = {}): string => {
  try {
    read(line, variables);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`${line} was taken`);
};

describe("npm run ab", () => {
  it("measures both on this machine five times, with the reference", () => {
    expect(read("")).toMatchObject({ mode: "local", runs: 5, reference: true, out: "build/ab" });
  });

  it("takes a smaller workload in --quick, whose parts can still be set", () => {
    const quick = read("--quick --seconds 2 --no-reference");
    expect(quick).toMatchObject({ runs: 1, reference: false, workload: { seconds: 2, warmUpSeconds: 1 } });
  });

  it("takes two deployed servers, several tokens each, and lets them rest between operations", () => {
    const options = read("--a https://a.example.org/mcp --b http://127.0.0.1:3001/mcp", tokens);
    expect(options).toMatchObject({
      mode: "deployed",
      a: { tokens: ["token-a"] },
      b: { tokens: ["one", "two"] },
      workload: { saturation: { seconds: 0 } },
    });
  });

  it("explains itself", () => {
    expect(read("--help")).toEqual({ mode: "help" });
  });

  it("makes the page again from what was measured", () => {
    expect(read("--from some/results.json --out elsewhere")).toEqual({
      ...{ mode: "render", from: "some/results.json", out: "elsewhere" },
    });
  });

  it.each([
    ["--rate fast", '--rate "fast": must be a number.'],
    ["--runs 0", "--runs 0: must be a whole number from 1 to 100."],
    ["--rooms 1.5", "rooms"],
    ["--people 1", "people"],
    ["--unknown 1", "--unknown"],
    ["--a https://a.example.org/mcp", "--b is not set"],
    ["--a not-a-url --b https://b.example.org/mcp", '--a "not-a-url": must be a URL.'],
  ])("refuses %s and names it", (line, words) => {
    expect(refusal(line, tokens)).toContain(words);
  });

  it("sends no token in the clear, and shows none", () => {
    expect(refusal("--a http://a.example.org/mcp --b https://b.example.org/mcp", tokens)).toMatch(
      /must be https/,
    );
    const without = refusal("--a https://a.example.org/mcp --b https://b.example.org/mcp", {
      AB_TOKEN_A: "token-a",
    });
    expect(without).toContain("AB_TOKEN_B is not set");
    expect(without).not.toContain("token-a");
  });
});
