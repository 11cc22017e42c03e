import { describe, expect, it } from "@jest/globals";
import { UsageError } from "../usage.ts";
import { readOptions } from "./options.ts";

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
  throw new Error(`${line} was accepted`);
};

describe("npm run ab", () => {
  it("measures both sides on this machine five times, with the reference", () => {
    expect(read("")).toMatchObject({ mode: "local", runs: 5, reference: true, out: "build/ab" });
  });

  it("takes a smaller workload with --quick, and other options still apply", () => {
    const quick = read("--quick --seconds 2 --no-reference");
    expect(quick).toMatchObject({ runs: 1, reference: false, workload: { seconds: 2, warmUpSeconds: 1 } });
  });

  it("takes two deployed servers with several tokens each, and leaves out the closed loop", () => {
    const options = read("--a https://a.example.org/mcp --b http://127.0.0.1:3001/mcp", tokens);
    expect(options).toMatchObject({
      mode: "deployed",
      a: { tokens: ["token-a"] },
      b: { tokens: ["one", "two"] },
      workload: { saturation: { seconds: 0 } },
    });
  });

  it("answers --help", () => {
    expect(read("--help")).toEqual({ mode: "help" });
  });

  it("renders the page again from earlier results", () => {
    expect(read("--from some/results.json --out elsewhere")).toEqual({
      ...{ mode: "render", from: "some/results.json", out: "elsewhere" },
    });
  });

  it.each([
    ["--rate fast", '--rate "fast": must be a number.'],
    ["--runs 0", "--runs 0: must be an integer from 1 to 100."],
    ["--rooms 1.5", "--rooms 1.5: "],
    ["--people 1", "--people 1: Too small: expected number to be >=2"],
    ["--rate 20000", "--rate 20000: Too big: expected number to be <=10000"],
    ["--unknown 1", "Unknown option '--unknown': npm run ab -- --help lists the options."],
    ["--a https://a.example.org/mcp", "--b is not set"],
    ["--a not-a-url --b https://b.example.org/mcp", '--a "not-a-url": must be a URL.'],
  ])("refuses %s and names the option", (line, words) => {
    expect(refusal(line, tokens)).toContain(words);
  });

  it("refuses to send tokens unencrypted, and shows none", () => {
    expect(refusal("--a http://a.example.org/mcp --b https://b.example.org/mcp", tokens)).toMatch(
      /must be an https URL/,
    );
    const without = refusal("--a https://a.example.org/mcp --b https://b.example.org/mcp", {
      AB_TOKEN_A: "token-a",
    });
    expect(without).toContain("AB_TOKEN_B is not set");
    expect(without).not.toContain("token-a");
  });
});
