import { describe, expect, it } from "@jest/globals";
import { applyPatch } from "./json-patch.ts";

const document = { a: [1, 2, 3], "b/c": { "d~": 1 }, e: { f: null } };

describe("a JSON patch", () => {
  it.each<[string, object, unknown]>([
    ["adds an element to a list", { op: "add", path: "/a/1", value: 9 }, { ...document, a: [1, 9, 2, 3] }],
    [
      "adds an element at the end of a list",
      { op: "add", path: "/a/-", value: 9 },
      { ...document, a: [1, 2, 3, 9] },
    ],
    [
      "replaces an element of a list",
      { op: "replace", path: "/a/1", value: [0] },
      { ...document, a: [1, [0], 3] },
    ],
    ["removes an element of a list", { op: "remove", path: "/a/0" }, { ...document, a: [2, 3] }],
    [
      "reaches names with / and ~",
      { op: "replace", path: "/b~1c/d~0", value: 2 },
      { ...document, "b/c": { "d~": 2 } },
    ],
    [
      "moves a value",
      { op: "move", from: "/a", path: "/e/a" },
      { "b/c": { "d~": 1 }, e: { f: null, a: [1, 2, 3] } },
    ],
    ["copies a value", { op: "copy", from: "/e", path: "/a/0" }, { ...document, a: [{ f: null }, 1, 2, 3] }],
    ["replaces the whole document", { op: "replace", path: "", value: 1 }, 1],
    ["passes a test that holds", { op: "test", path: "/e", value: { f: null } }, document],
  ])("%s", (_, operation, expected) => {
    expect(applyPatch(document, [operation])).toEqual(expected);
  });

  it("sets a member named __proto__ as any other", () => {
    const patched = applyPatch(document, [{ op: "add", path: "/__proto__", value: { x: 1 } }]);
    expect(Object.keys(Object(patched))).toEqual(["a", "b/c", "e", "__proto__"]);
  });

  it.each<[string, unknown, RegExp]>([
    ["a test that does not hold", { op: "test", path: "/a", value: [1, 2] }, /the value is another/],
    ["the removal of what is not there", { op: "remove", path: "/a/3" }, /there is no "3"/],
    ["a position beyond the end of a list", { op: "add", path: "/a/4", value: 1 }, /no place in a list of 3/],
    ["a position with a leading zero", { op: "add", path: "/a/01", value: 1 }, /no place in a list/],
    ["the replacement of what is not there", { op: "replace", path: "/x", value: 1 }, /there is no "x"/],
    ["a member of null", { op: "add", path: "/e/f/g", value: 1 }, /neither an object nor a list/],
    ["an operation without its value", { op: "add", path: "/x" }, /there is no value/],
    ["a move into itself", { op: "move", from: "/e", path: "/e/x" }, /cannot go into itself/],
    ["a path that is no pointer", { op: "add", path: "a", value: 1 }, /is not a JSON pointer/],
    ["an unknown operation", { op: "jump", path: "/a" }, /"jump" is not an operation/],
    ["an operation that is no object", null, /is not an operation/],
  ])("refuses %s", (_, operation, message) => {
    expect(() => applyPatch(document, [operation])).toThrow(message);
  });

  it("is a list of operations", () => {
    expect(() => applyPatch(document, {})).toThrow("a JSON patch is a list of operations");
  });

  it("leaves the given document as it is", () => {
    applyPatch(document, [{ op: "remove", path: "/e" }]);
    expect(document).toEqual({ a: [1, 2, 3], "b/c": { "d~": 1 }, e: { f: null } });
  });
});
