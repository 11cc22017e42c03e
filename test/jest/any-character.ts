import fc from "fast-check";

/** The code points from which halves of surrogate pairs are left out. */
const SURROGATES = { first: 0xd800, count: 0x800 };
const upTo = (last: number) =>
  fc
    .integer({ min: 0, max: last })
    .map((point) => String.fromCodePoint(point < SURROGATES.first ? point : point + SURROGATES.count));

/**
 * Any character, for `fc.string({ unit: anyCharacter })`: as often one of ASCII as one of the first plane or of all.
 * Fast-check's own unit "binary" takes more than a second of each test file.
 */
export const anyCharacter: fc.Arbitrary<string> = fc.oneof(
  upTo(0x7f),
  upTo(0xffff - SURROGATES.count),
  upTo(0x10ffff - SURROGATES.count),
);
