import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { utc } from "./sql-form.ts";

/** Years that PostgreSQL writes with four digits. */
const moments = fc.date({
  min: new Date("1000-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
const microseconds = fc.integer({ min: 0, max: 999 }).map((n) => String(n).padStart(3, "0"));

describe("a time of PostgreSQL's", () => {
  it("keeps its microseconds, whether it came as text of a timestamptz or in JSON", () => {
    fc.assert(
      fc.property(moments, microseconds, (moment, micro) => {
        const [day, clock] = moment.toISOString().slice(0, -1).split("T");
        const expected = `${day}T${clock}${micro}Z`;
        expect(utc(`${day} ${clock}${micro}+00`)).toBe(expected);
        expect(utc(`${day}T${clock}${micro}+00:00`)).toBe(expected);
        expect(utc(expected)).toBe(expected);
      }),
    );
  });

  it("has no fraction where PostgreSQL writes none", () => {
    expect(utc("2026-01-31 12:00:00+00")).toBe("2026-01-31T12:00:00Z");
  });

  it.each([
    ["infinity", "9999-12-31T23:59:59.999Z"],
    ["10000-01-01 04:59:59+00", "9999-12-31T23:59:59.999Z"],
    ["-infinity", "1970-01-01T00:00:00.000Z"],
    ["0044-03-15 12:00:00+00 BC", "1970-01-01T00:00:00.000Z"],
  ])("that was written by hand is shown as the nearest that clients can read: %s", (text, shown) => {
    expect(utc(text)).toBe(shown);
  });

  it("of another time zone is converted", () => {
    expect(utc("2026-01-31T12:00:00.5+02:00")).toBe("2026-01-31T10:00:00.500Z");
  });
});
