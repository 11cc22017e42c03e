import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { Template } from "../template.ts";

const addresses = new Template().addresses();

it.each(readdirSync("modules"))("the page of %s lists its resources, and no other", (module) => {
  const prefix = `${module.replaceAll("-", "_")}_`;
  const page = readFileSync(`modules/${module}/README.md`, "utf8");
  const listed = [...page.matchAll(/^\| `(aws_\w+)` \| (.*) \|$/gm)].flatMap(([, type, names = ""]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => `${type}.${prefix}${name}`),
  );
  expect(listed.sort()).toEqual(addresses.filter((address) => address.split(".")[1]?.startsWith(prefix)));
});
