import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { workload as example } from "../../test/ab/results.ts";
import {
  activeSanctions,
  callers,
  dueWithin,
  type Operation,
  operations,
  type Workload,
} from "./workload.ts";

const first = (count: number, workload: Workload, seed?: number): Operation[] => {
  const sequence = operations(workload, seed);
  return Array.from({ length: count }, () => sequence.next().value);
};
const workloads = fc
  .record({
    seed: fc.nat(),
    rooms: fc.integer({ min: 1, max: 8 }),
    people: fc.integer({ min: 2, max: 9 }),
    readsPerMessage: fc.integer({ min: 0, max: 5 }),
    moderationShare: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map((changes): Workload => ({ ...example, ...changes }));

describe("a workload", () => {
  it("is the same sequence for the same seed, and another for another seed", () => {
    expect(first(500, example)).toEqual(first(500, example));
    expect(first(500, example, 2)).not.toEqual(first(500, example));
  });

  it("has the set rate and the set shares of operations", () => {
    const list = dueWithin(operations({ ...example, messagesPerSecond: 50 }), 200);
    const share = (...kinds: Operation["kind"][]) => list.filter(({ kind }) => kinds.includes(kind)).length;
    expect(share("send") / 200).toBeGreaterThan(47);
    expect(share("send") / 200).toBeLessThan(53);
    expect(share("read", "search", "members") / share("send")).toBeCloseTo(2, 0);
    expect(share("delete", "mute", "ban") / share("send")).toBeCloseTo(0.1, 1);
    expect(share("read") / share("search")).toBeGreaterThan(6);
  });

  it("names only existing rooms, people and callers, in order of time", () => {
    fc.assert(
      fc.property(workloads, (workload) => {
        const list = first(300, workload);
        // Not by expect for each of them, which would take three seconds.
        const wrong = list.filter((operation, place) => {
          const { index, at, caller, after } = operation;
          return !(
            index === place &&
            at >= (list[place - 1]?.at ?? 0) &&
            caller < callers(workload) &&
            (!("room" in operation) || operation.room < workload.rooms) &&
            (!("person" in operation) || operation.person < workload.people) &&
            (after === undefined || after < place)
          );
        });
        expect(wrong).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it("deletes sent messages once each, and undoes a mute or ban before repeating it", () => {
    fc.assert(
      fc.property(workloads, (workload) => {
        const list = first(400, { ...workload, moderationShare: 1 });
        const deleted = list.flatMap((operation) => (operation.kind === "delete" ? [operation.message] : []));
        expect(new Set(deleted).size).toBe(deleted.length);
        for (const message of deleted) expect(list[message]?.kind).toBe("send");
        const state = new Map<string, { kind: string; on: boolean; index: number }>();
        for (const operation of list) {
          if (operation.kind !== "mute" && operation.kind !== "ban") continue;
          const target = `${operation.room} ${operation.person}`;
          const known = state.get(target);
          expect(operation.on).toBe(!known?.on);
          expect(operation.after).toBe(known?.index);
          if (known) expect(operation.kind).toBe(known.kind);
          state.set(target, operation);
        }
        expect(activeSanctions(list).length).toBe([...state.values()].filter(({ on }) => on).length);
      }),
      { numRuns: 30 },
    );
  });

  it("sends messages that are neither empty nor longer than the limit", () => {
    for (const operation of first(3000, example))
      if (operation.kind === "send") {
        expect(operation.content.length).toBeGreaterThan(0);
        expect(operation.content.length).toBeLessThanOrEqual(4000);
      }
  });
});
