import { describe, expect, it } from "@jest/globals";
import { withDeadline } from "./deadline.ts";

const late = () => new Error("late");
const never = () => new Promise<never>(() => {});

describe("a deadline", () => {
  it("returns a result that is in time", async () => {
    await expect(withDeadline(new AbortController().signal, 60_000, late, async () => "done")).resolves.toBe(
      "done",
    );
  });

  it("ends work that never ends with its own error", async () => {
    await expect(withDeadline(new AbortController().signal, 1, late, never)).rejects.toThrow("late");
  });

  it("ends with the reason of the caller's signal", async () => {
    const caller = new AbortController();
    const work = withDeadline(caller.signal, 60_000, late, never);
    caller.abort(new Error("left"));
    await expect(work).rejects.toThrow("left");
  });

  it("starts no work if the caller's signal has aborted", async () => {
    let begun = false;
    const work = withDeadline(AbortSignal.abort(new Error("left")), 60_000, late, async () => {
      begun = true;
    });
    await expect(work).rejects.toThrow("left");
    expect(begun).toBe(false);
  });

  it("may be one of many on the same signal, without a warning of Node.js", async () => {
    const warnings: Error[] = [];
    const collect = (warning: Error) => warnings.push(warning);
    process.on("warning", collect);
    const caller = new AbortController();
    const all = Array.from({ length: 50 }, () => withDeadline(caller.signal, 60_000, late, never));
    // Warnings are told in a later turn.
    await new Promise(setImmediate);
    caller.abort(new Error("left"));
    await Promise.allSettled(all);
    process.off("warning", collect);
    expect(warnings).toEqual([]);
  });
});
