import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { readOptions } from "./options.ts";

describe("the options of check", () => {
  it("keep the order of variables and files, in Terraform's spelling too", () => {
    const { variables } = readOptions(["--var", "a=1", "-var-file=b.tfvars", "-var", "c==2", "--var=d=3"]);
    expect(variables).toEqual(["-var=a=1", `-var-file=${path.resolve("b.tfvars")}`, "-var=c==2", "-var=d=3"]);
  });

  it("name files and switches", () => {
    const options = readOptions(["--json", "p.json", "--state=s.json", "--mutate", "m.json", "--keep"]);
    expect(options).toMatchObject({ plan: "p.json", state: "s.json", mutate: ["m.json"], keep: true });
    expect(options.refusesWarnings).toBe(false);
    expect(readOptions(["--no-warnings"]).refusesWarnings).toBe(true);
    expect([options.planOnly, readOptions(["--plan-only"]).planOnly]).toEqual([false, true]);
  });

  it.each([
    [["--jsn", "x"], "check does not know --jsn"],
    [["extra"], "check does not know extra"],
    [["--json"], "check --json needs a value"],
  ])("refuse %j", (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});
