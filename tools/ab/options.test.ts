import { describe, expect, it } from "@jest/globals";
import { execute } from "../cli/command.ts";
import { EXIT } from "../cli/problem.ts";
import { abCommand, type Options } from "./options.ts";

const tokens = { AB_TOKEN_A: "token-a", AB_TOKEN_B: "one two" };
async function read(line: string, variables: Record<string, string> = {}): Promise<Options | undefined> {
  let found: Options | undefined;
  const command = abCommand(variables, async (options) => {
    found = options;
  });
  await execute(command, line.split(" ").filter(Boolean));
  return found;
}

describe("npm run ab", () => {
  it("measures both sides on this machine five times, with the reference", async () => {
    expect(await read("")).toMatchObject({ mode: "local", runs: 5, reference: true, out: "build/ab" });
  });

  it("takes a smaller workload with --quick, and other options still apply", async () => {
    const quick = await read("--quick --seconds 2 --no-reference");
    expect(quick).toMatchObject({ runs: 1, reference: false, workload: { seconds: 2, warmUpSeconds: 1 } });
  });

  it("takes two deployed servers with several tokens each, and leaves out the closed loop", async () => {
    const options = await read("--a https://a.example.org/mcp --b http://127.0.0.1:3001/mcp", tokens);
    expect(options).toMatchObject({
      mode: "deployed",
      a: { tokens: ["token-a"] },
      b: { tokens: ["one", "two"] },
      workload: { saturation: { seconds: 0 } },
    });
  });

  it("renders the page again from earlier results", async () => {
    expect(await read("--from some/results.json --out elsewhere")).toEqual({
      ...{ mode: "render", from: "some/results.json", out: "elsewhere", record: false },
    });
  });

  it.each([
    ["--rate fast", "option '--rate <number>' argument 'fast' is invalid. It must be a number."],
    ["--runs 0", "--runs 0: must be a whole number from 1 to 100"],
    ["--rooms 1.5", "--rooms 1.5: "],
    ["--people 1", "--people 1: Too small: expected number to be >=2"],
    ["--rate 20000", "--rate 20000: Too big: expected number to be <=10000"],
    ["--unknown 1", "unknown option '--unknown'"],
    ["--a https://a.example.org/mcp", "--b is not set"],
    ["--a not-a-url --b https://b.example.org/mcp", '--a "not-a-url": must be a URL'],
  ])("refuses %s and names the option", async (line, words) => {
    await expect(read(line, tokens)).rejects.toMatchObject({
      name: "Problem",
      exitCode: EXIT.usage,
      message: expect.stringContaining(words),
    });
  });

  it("refuses to send tokens unencrypted, and shows none", async () => {
    const insecure = "--a http://a.example.org/mcp --b https://b.example.org/mcp";
    await expect(read(insecure, tokens)).rejects.toThrow(/must be an https URL/);
    const secure = "--a https://a.example.org/mcp --b https://b.example.org/mcp";
    const { message } = await read(secure, { AB_TOKEN_A: "token-a" }).then(
      () => new Error("accepted"),
      (error: Error) => error,
    );
    expect(message).toContain("AB_TOKEN_B is not set");
    expect(message).not.toContain("token-a");
  });
});
