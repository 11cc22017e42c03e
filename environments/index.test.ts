import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { lockOf } from "../tools/terraform/lock.ts";
import { environments } from "./index.ts";
import { type Input, inputTable } from "./inputs.ts";

const names = (file: string, key?: string) => {
  const json = JSON.parse(readFileSync(file, "utf8"));
  return Object.keys(key === undefined ? json : json[key]);
};
const inputs: readonly Input[] = Object.values(inputTable);
const known = inputs.map(({ name }) => name);
const needed = inputs.filter((input) => input.default === undefined).map(({ name }) => name);

describe.each(environments)("the files of $environment", ({ environment, inputs: { from } }) => {
  it("hold a lock of the providers", () => {
    expect({ [lockOf(environment)]: existsSync(lockOf(environment)) }).toEqual({
      [lockOf(environment)]: true,
    });
  });

  it("hold an example value for each input, by Terraform's names", () => {
    const examples = names(`environments/${environment}.example.tfvars.json`);
    expect(examples).toEqual(expect.arrayContaining(needed));
    expect(examples.filter((name) => !known.includes(name) && !/_image_tag$/.test(name))).toEqual([]);
  });

  if (from === "remote-state")
    it("hold example outputs of the stack that its inputs come from", () => {
      expect(names(`environments/${environment}.example.remote.json`)).not.toEqual([]);
    });
});
