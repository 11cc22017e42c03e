import { expect, it } from "@jest/globals";
import { expectUpToDate } from "../../test/jest/file-snapshot.ts";
import { COSTS_PAGE, costsPage } from "./standing-costs.ts";

const page = costsPage();

it("the costs of platform and chat are those of their synthesised stacks", async () => {
  await expectUpToDate(COSTS_PAGE, page);
});

it("production costs more than development, whose database is the smallest", () => {
  const [, development = 0, production = 0] =
    /\*\*a month\*\* \| \*\*\$([\d.]+)\*\* \| \*\*\$([\d.]+)\*\*/.exec(page)?.map(Number) ?? [];
  expect(development).toBeGreaterThan(100);
  expect(development).toBeLessThan(200);
  expect(production).toBeGreaterThan(2 * development);
});
