import { expect, it } from "@jest/globals";
import { fromWire, isUnknown, toWire, UNKNOWN, Unknown } from "./value.ts";

it("sends an unknown value as Terraform does", () => {
  expect([...(toWire(UNKNOWN).msgpack ?? [])]).toEqual([0xd4, 0, 0]);
});

it("gives back what was sent, with the refinements of unknown values", () => {
  const refinements = new Uint8Array([0x81, 0x01, 0xc2]);
  const sent = { a: UNKNOWN, b: new Unknown(12, refinements), c: [1, "x", null, true], d: "0.1" };
  const received = fromWire(toWire(sent));
  expect(received).toEqual(sent);
  expect(isUnknown(Object(received).a)).toBe(true);
});
