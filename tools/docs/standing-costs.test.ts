import { expect, it } from "@jest/globals";
import { environments } from "../../environments/index.ts";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { COSTS_PAGE, costsPage } from "./standing-costs.ts";

const page = costsPage();

it("the costs of platform and chat are those of their synthesised stacks", async () => {
  await expectUpToDate(COSTS_PAGE, page);
});

it("production costs more than development, whose database is the smallest", () => {
  const names = environments.map(({ environment }) => environment);
  const [row = ""] = /^\| \*\*a month\*\* .*$/m.exec(page) ?? [];
  const sums = [...row.matchAll(/\$([\d.]+)/g)].map(([, sum]) => Number(sum));
  const monthly = (name: string) => sums[names.indexOf(name)] ?? 0;
  const [development, production] = [monthly("development"), monthly("production")];
  expect(development).toBeGreaterThan(100);
  expect(development).toBeLessThan(200);
  expect(production).toBeGreaterThan(2 * development);
});
