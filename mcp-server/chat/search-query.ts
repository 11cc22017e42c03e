/**
 * Search queries, for the backend whose server has no such search: what they mean and whether a text matches. The
 * database's functions in migrations/ read queries in the same way.
 */

/** Accents, letters that Unicode does not take apart, and what only changes an emoji's looks. */
const ACCENTS = /[\u0300-\u036f]|\ufe0f|\u200d|[\u{1f3fb}-\u{1f3ff}]/gu;
const LETTERS: Readonly<Record<string, string>> = {
  ...{ ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" },
};

/** A text without accents and in lower case. */
export const fold = (text: string): string =>
  text
    .normalize("NFKD")
    .replaceAll(ACCENTS, "")
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(/[ßæœøłđðþı]/g, (letter) => LETTERS[letter] ?? letter);

/** Scripts that are written without spaces, Korean with its endings, and emoji: found anywhere in a text. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Extended_Pictographic}\p{Regional_Indicator}]+/gu;

/** The words of a folded text, each between two spaces; addresses fall into their parts. */
const words = (folded: string): string =>
  ` ${folded
    .replaceAll(UNSPACED, " ")
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, " ")
    .trim()} `;

/** English words that carry no meaning; PostgreSQL's dictionary, which Synapse uses, leaves out the same ones. */
const STOP_WORDS = new Set(
  `i me my myself we our ours ourselves you your yours yourself yourselves he him his himself she her hers herself it
  its itself they them their theirs themselves what which who whom this that these those am is are was were be been being
  have has had having do does did doing a an the and but if or because as until while of at by for with about against
  between into through during before after above below to from up down in out on off over under again further then once
  here there when where why how all any both each few more most other some such no nor not only own same so than too very
  s t can will just don should now`.split(/\s+/),
);

interface Term {
  readonly negative: boolean;
  /** Its words, between spaces; empty if it has none. */
  readonly words: string;
  readonly parts: readonly string[];
}

export interface ParsedQuery {
  /** Alternatives; of each all positive terms must occur and no negative one. */
  readonly alternatives: readonly (readonly Term[])[];
  /** Whether an index of English words can find something of it. */
  readonly hasWords: boolean;
}

export const NOTHING_SEARCHABLE =
  "The query holds nothing that can be searched: words such as the or and are not in the index, and -word only leaves out what other words have found. Add a word.";

/** @returns undefined if nothing searchable remains */
export function parseQuery(query: string): ParsedQuery | undefined {
  let group: Term[] = [];
  const groups = [group];
  for (const [, minus, phrase, bare] of query.matchAll(/(-?)(?:"([^"]*)"|(\S+))/g)) {
    if (minus === "" && bare?.toLowerCase() === "or") {
      group = [];
      groups.push(group);
      continue;
    }
    const folded = fold(phrase ?? bare ?? "");
    const term = { negative: minus === "-", words: words(folded), parts: folded.match(UNSPACED) ?? [] };
    const isStop = term.words
      .trim()
      .split(" ")
      .every((word) => word === "" || STOP_WORDS.has(word));
    if (!isStop || term.parts.length > 0) group.push(term);
  }
  const alternatives = groups.filter((terms) => terms.some(({ negative }) => !negative));
  if (alternatives.length === 0) return undefined;
  const hasWords = alternatives.some((terms) =>
    terms.every((term) => term.negative || term.parts.length === 0),
  );
  return { alternatives, hasWords };
}

export function matches({ alternatives }: ParsedQuery, text: string): boolean {
  const folded = fold(text);
  const all = words(folded);
  const occurs = ({ words: wanted, parts }: Term) =>
    (wanted.trim() === "" || all.includes(wanted)) && parts.every((part) => folded.includes(part));
  return alternatives.some((terms) => terms.every((term) => occurs(term) !== term.negative));
}
