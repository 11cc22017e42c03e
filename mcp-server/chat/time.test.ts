import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isoTime, parseTime } from "./time.ts";

describe("a time among the arguments", () => {
  it.each([
    ["2030-06-30T23:59Z", "2030-06-30T23:59:00.000Z"],
    ["2030-06-30t23:59:59.123456z", "2030-06-30T23:59:59.123Z"],
    ["2030-01-31T12:00:00+02:00", "2030-01-31T10:00:00.000Z"],
    ["2030-01-31T12:00:00+02", "2030-01-31T10:00:00.000Z"],
    ["2030-01-31T12:00:00-0530", "2030-01-31T17:30:00.000Z"],
    ["2030-01-31T12:00:00,25Z", "2030-01-31T12:00:00.250Z"],
    ["2030-01-31T23:30:00-14:00", "2030-02-01T13:30:00.000Z"],
    ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
    ["9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"],
    ["1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"],
  ])("%s is %s", (text, utc) => {
    expect(parseTime(text)).toEqual({ utc });
  });

  it.each([
    ["2030-01-01T00:00:00+23:59", /offset beyond/],
    ["2030-01-01T00:00:00-14:01", /offset beyond/],
    ["2030-01-01T00:00:00+15", /offset beyond/],
    ["2030-01-01T00:00:00+2400", /offset beyond/],
    ["9999-12-31T23:59:59-05:00", /1970 to 9999/],
    ["1970-01-01T00:00:00+00:01", /1970 to 9999/],
    ["0050-01-01T00:00:00Z", /1970 to 9999/],
    ["2029-02-29T00:00:00Z", /calendar/],
    ["2030-04-31T00:00:00Z", /calendar/],
    ["2030-01-01T24:00:00Z", /ISO 8601/],
    ["2030-01-01 12:00:00Z", /ISO 8601/],
    ["2030-01-01T12:00:00", /ISO 8601/],
    ["+010000-01-01T00:00:00Z", /ISO 8601/],
    ["tomorrow", /ISO 8601/],
  ])("%s is refused", (text, problem) => {
    expect(parseTime(text)).toEqual({ problem: expect.stringMatching(problem) });
  });

  it("is what Date makes of it, for every time and offset that is accepted", () => {
    const range = { min: new Date("1970-01-02"), max: new Date("9999-12-30"), noInvalidDate: true };
    fc.assert(
      fc.property(fc.date(range), fc.integer({ min: -840, max: 840 }), (moment, offset) => {
        const local = new Date(moment.getTime() + offset * 60_000).toISOString().slice(0, -1);
        const two = (value: number) => String(value).padStart(2, "0");
        const minutes = Math.abs(offset);
        const zone = `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
        expect(parseTime(local + zone)).toEqual({ utc: moment.toISOString() });
      }),
    );
  });
});

it("a time that cannot be written in four digits is written as the nearest one that can", () => {
  expect(isoTime(8.64e15)).toBe("9999-12-31T23:59:59.999Z");
  expect(isoTime(-1)).toBe("1970-01-01T00:00:00.000Z");
  expect(isoTime(Number.NaN)).toBe("9999-12-31T23:59:59.999Z");
});
