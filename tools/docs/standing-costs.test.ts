import { expect, it } from "@jest/globals";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { COSTS_PAGE, costsPage } from "./standing-costs.ts";

it("the costs of platform and chat are those of their synthesised stacks", async () => {
  await expectUpToDate(COSTS_PAGE, costsPage());
});

it("production costs more than development, whose database is the smallest", () => {
  const [, development = 0, production = 0] =
    /\*\*a month\*\* \| \*\*\$([\d.]+)\*\* \| \*\*\$([\d.]+)\*\*/.exec(costsPage())?.map(Number) ?? [];
  expect(development).toBeGreaterThan(100);
  expect(development).toBeLessThan(200);
  expect(production).toBeGreaterThan(2 * development);
});
