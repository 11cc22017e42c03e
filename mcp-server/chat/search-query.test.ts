import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { anyCharacter } from "../../test/jest/any-character.ts";
import { matches, parseQuery } from "./search-query.ts";

const finds = (query: string, text: string) => {
  const parsed = parseQuery(query);
  return parsed !== undefined && matches(parsed, text);
};

describe("a search query", () => {
  it.each([
    ["spam", "See https://spam.example.com/win?prize=1", true],
    ["example.com/win", "See https://spam.example.com/win?prize=1", true],
    ["pam", "spam", false],
    ["cafe", "Café", true],
    ["Zürich", "zurich", true],
    ["strasse", "Straße", true],
    ["日本", "私は日本人です", true],
    ["本日", "私は日本人です", false],
    ["🎉", "wow🎉!", true],
    ['"blue whale"', "a blue whale", true],
    ['"blue whale"', "a whale, blue", false],
    ["blue -whale", "blue whale", false],
    ["whale or shark", "a shark", true],
    ["-whale", "a shark", false],
  ])("%s in %s: %s", (query, text, found) => {
    expect(finds(query, text)).toBe(found);
  });

  it.each(["the", "-zzz", "", "?!", '"of the"', "or"])("holds nothing searchable: %s", (query) => {
    expect(parseQuery(query)).toBeUndefined();
  });

  it("of any text can be read, and finds a word of letters in itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: anyCharacter }), fc.stringMatching(/^[bcdfgh]{4,9}$/), (text, word) => {
        parseQuery(text);
        expect(finds(word, `${text} ${word} ${text}`)).toBe(true);
      }),
    );
  });
});
