import { describe, expect, it } from "@jest/globals";
import type { Values } from "../plugin/value.ts";
import { newRunState } from "../run-state.ts";
import { random } from "./random.ts";

const context = () => ({ run: newRunState("."), providerConfig: null });

const password = (planned: Values, own = context()) =>
  String(
    random.computed("random_password", { config: planned, prior: null, planned, block: {} }, own)(
      "result",
      "string",
      0,
    ),
  );

describe("a random password", () => {
  it("is the same in every run, and another for the next equal resource", () => {
    const own = context();
    const planned = { length: 20 };
    const first = password(planned, own);
    expect(password(planned)).toBe(first);
    expect(password(planned, own)).not.toBe(first);
  });

  it("has the characters that are asked for", () => {
    const text = password({ length: 30, special: false, upper: false, min_numeric: 25 });
    expect(text).toMatch(/^[0-9a-z]{30}$/);
    expect(text.replace(/\D/g, "").length).toBeGreaterThanOrEqual(25);
  });

  it("can't be shorter than what it must hold", () => {
    const found = random.checkEphemeral?.(
      "random_password",
      { length: 3, min_lower: null, min_upper: 4 },
      context(),
    );
    expect(found?.map(({ message }) => message)).toEqual([
      expect.stringMatching(/length \(3\) must be at least/),
    ]);
  });
});
