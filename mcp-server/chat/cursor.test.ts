import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { fromCursor, toCursor } from "./cursor.ts";

const isId = (id: string) => id.startsWith("$");
const refused = expect.objectContaining({ code: "invalid_argument", field: "cursor" });
const read = (scope: readonly unknown[], cursor: string) => {
  try {
    return fromCursor(scope, cursor, isId);
  } catch (error) {
    return error;
  }
};

describe("a cursor", () => {
  const position = fc.record({
    at: fc.nat().map(String),
    id: fc.stringMatching(/^\$[!-~]{1,200}$/),
  });

  it("is read as the position that it was made from", () => {
    fc.assert(
      fc.property(position, fc.jsonValue(), (place, scope) => {
        expect(read([scope], toCursor([scope], place))).toEqual(place);
      }),
    );
  });

  it("of another question, or of any other text, is refused with the name of the argument", () => {
    fc.assert(
      fc.property(position, fc.string(), (place, text) => {
        expect(read(["members"], toCursor(["messages"], place))).toEqual(refused);
        expect(read(["messages"], text)).toEqual(refused);
      }),
    );
    expect(read(["messages"], toCursor(["messages"], { at: "1", id: "no id" }))).toEqual(refused);
  });
});
