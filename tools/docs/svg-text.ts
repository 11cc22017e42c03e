/** Widths of Helvetica's letters, as parts of the size; of the first pattern that fits. */
const widths: readonly (readonly [letters: RegExp, width: number])[] = [
  [/[ijl.,:;'|!]/, 0.25],
  [/[ftrI ()/-]/, 0.32],
  [/[mwMW%]/, 0.86],
  [/[A-Z_]/, 0.68],
];
const OTHERS = 0.556;

/** About how wide a text is, because nothing measures it while it is written. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const letter of text) width += widths.find(([letters]) => letters.test(letter))?.[1] ?? OTHERS;
  return width * size;
}

/** The text, cut with an ellipsis where it is too wide. */
export function fitted(text: string, size: number, room: number): string {
  if (textWidth(text, size) <= room) return text;
  let cut = text;
  while (cut !== "" && textWidth(`${cut}…`, size) > room) cut = cut.slice(0, -1);
  return `${cut}…`;
}

/** Lines of words that are together at most so wide. */
export function wrapped(words: readonly string[], widthOf: (word: string) => number, room: number) {
  const lines: string[][] = [[]];
  let used = 0;
  for (const word of words) {
    const width = widthOf(word);
    if (used > 0 && used + width > room) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)?.push(word);
    used += width;
  }
  return lines;
}
