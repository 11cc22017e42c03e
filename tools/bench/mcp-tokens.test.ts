import { expect, it } from "@jest/globals";
import { isMet } from "./benchmark.ts";
import { measure } from "./mcp-tokens.ts";

it("a page of messages costs no more tokens than its targets", async () => {
  const figures = await measure();
  const missed = figures.filter((figure) => isMet(figure) === false);
  expect(missed).toEqual([]);
  expect(figures.filter(({ target }) => target)).toHaveLength(2);
});
