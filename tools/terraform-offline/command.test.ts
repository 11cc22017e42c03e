import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { emptyFolder, folderOf } from "../../test/terraform/configuration.ts";
import { main } from "./command.ts";

let printed: string[];

beforeEach(() => {
  printed = [];
  for (const stream of ["log", "error"] as const)
    jest.spyOn(console, stream).mockImplementation((text: unknown) => void printed.push(String(text)));
});

afterEach(() => {
  jest.restoreAllMocks();
});

describe("the command", () => {
  it.each([
    [["--help"], 0],
    [["-h"], 0],
    [[], 3],
    [["."], 3],
  ] as [string[], number][])("shows its usage for %j and exits with %i", async (args, code) => {
    expect(await main(args)).toBe(code);
    expect(printed.join("\n")).toMatch(/^usage: npm run terraform-offline -- DIR COMMAND/);
  });

  it.each([
    ["a folder that is not there", () => ["none", "plan"], "none is not a folder"],
    ["a folder without a configuration", () => [emptyFolder(), "plan"], "holds no *.tf or *.tf.json file"],
    ["exec without a command", () => [".", "exec"], "exec needs a command"],
    ["an unknown option", () => [folderOf({}), "check", "--bogus"], "check does not know --bogus"],
    [
      "a patch that is no JSON",
      () => [folderOf({}), "check", "--mutate", path.resolve("README.md")],
      "README.md is not JSON",
    ],
    [
      "remote outputs of another form",
      () => [folderOf({}), "check", "--remote-outputs", path.resolve("biome.json")],
      '{ "<data source name>": { "<output>": value } }',
    ],
  ])("refuses %s in one line", async (_, args, message) => {
    expect(await main(args())).toBe(3);
    expect(printed).toEqual([expect.stringMatching(/^terraform-offline: .*$/)]);
    expect(printed[0]).toContain(message);
  });

  it("lists what is served", async () => {
    expect(await main(["types"])).toBe(0);
    expect(printed).toContain("registry.terraform.io/hashicorp/aws 6.25.0 (protocol 5)");
    expect(printed).toContain("  resource aws_ecs_service");
    expect(printed).toContain("  data     aws_vpc");
    expect(printed).toContain("  ephemeral random_password");
  });
});
