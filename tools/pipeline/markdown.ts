import { longestRun } from "../docs/markdown.ts";

/** A part of a page that is cut to the room that is left for it. */
export interface Block {
  /** Lines before and after the content. */
  readonly before: readonly string[];
  readonly content: readonly string[];
  readonly after: readonly string[];
}

/** A block below a heading. */
export const section = (title: string, content: readonly string[]): Block => ({
  before: [`**${title}**`, ""],
  content,
  after: [""],
});

/** A block that is closed until the reader opens it. */
export const folded = (summary: string, content: readonly string[]): Block => ({
  before: [`<details><summary>${summary}</summary>`, ""],
  content,
  after: ["", "</details>", ""],
});

/** A folded block of code; a diff colours lines by their first character. */
export function foldedDiff(summary: string, content: readonly string[]): Block {
  // A loop, because thousands of lines are too many arguments.
  const fence = "`".repeat(content.reduce((longest, line) => Math.max(longest, longestRun(line)), 0) + 3);
  return {
    before: [`<details><summary>${summary}</summary>`, "", `${fence}diff`],
    content,
    after: [fence, "", "</details>", ""],
  };
}

const length = (lines: readonly string[]) => lines.reduce((sum, line) => sum + line.length + 1, 0);

/**
 * The blocks one after the other in at most `room` characters, each line with its line break. Earlier blocks are served
 * first; where one is cut, `note` says how many lines are missing. Each block that follows keeps room for its note.
 * @returns `undefined` where not even the notes have room
 */
export function cutTo(
  blocks: readonly Block[],
  room: number,
  note: (missing: number) => string,
): string[] | undefined {
  const bare = ({ before, content, after }: Block, kept: number): string[] =>
    kept === content.length
      ? [...before, ...content, ...after]
      : [...before, ...content.slice(0, kept), ...after, note(content.length - kept), ""];
  const least = blocks.map((block) =>
    Math.min(length(bare(block, 0)), length(bare(block, block.content.length))),
  );
  let left = room - least.reduce((sum, each) => sum + each, 0);
  if (left < 0) return undefined;
  const lines: string[] = [];
  for (const [index, block] of blocks.entries()) {
    const available = left + (least[index] ?? 0);
    // What the lines need is measured, never estimated: the whole block, or the most lines that fit beside their note.
    let kept = block.content.length;
    if (length(bare(block, kept)) > available) {
      let used = length(block.before) + length(block.after) + note(block.content.length).length + 2;
      kept = 0;
      for (const line of block.content) {
        used += line.length + 1;
        if (used > available) break;
        kept++;
      }
    }
    const shown = bare(block, kept);
    lines.push(...shown);
    left = available - length(shown);
  }
  return lines;
}
