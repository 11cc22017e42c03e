/**
 * Search queries, for the backend whose server has no such search: what they mean and whether a text matches. The
 * database's functions in migrations/ read queries in the same way.
 */

/**
 * Accents, vowel points that texts may leave out, characters that nobody sees, and what only changes an emoji's looks. These
 * and the characters below are those of the database's functions, which a test compares.
 */
const LEFT_OUT =
  /[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]|[\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed]|[\u00ad\u061c\u0640\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]|[\ufe00-\ufe0f]|[\u{1f3fb}-\u{1f3ff}]|[\u{e0000}-\u{e007f}]/gu;
/** Letters that Unicode does not take apart, and digits of other scripts. */
const REPLACED: Readonly<Record<string, string>> = {
  ...{ ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i", ħ: "h", ς: "σ" },
  ...Object.fromEntries(
    ["٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९"].flatMap((digits) =>
      [...digits].map((digit, value) => [digit, String(value)]),
    ),
  ),
};
const REPLACEABLE = new RegExp(`[${Object.keys(REPLACED).join("")}]`, "g");

const MORE_THAN_ASCII = /[^\t\n\r -~]/;

/** A text in lower case, without what search does not tell apart. */
export const fold = (text: string): string =>
  MORE_THAN_ASCII.test(text) ? foldUnicode(text) : text.toLowerCase();

const foldUnicode = (text: string): string =>
  text
    .normalize("NFKD")
    .replaceAll(LEFT_OUT, "")
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(REPLACEABLE, (character) => REPLACED[character] ?? character);

/** A part of a name as search reads it; nothing but accents is looked for as it is, which finds nobody. */
export const foldedName = (part: string): string => fold(part) || part;

/** Scripts that are written without spaces, Korean with its endings, and emoji: found anywhere in a text. */
const UNSPACED =
  /[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2194-\u21aa\u231a-\u23ff\u25aa-\u27bf\u2934\u2935\u2b05-\u2b55\u2e80-\u2fdf\u3005-\u3007\u3030-\u303d\u3041-\u30ff\u3105-\u318f\u31a0-\u31bf\u31f0-\u31ff\u3297\u3299\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\u{1f000}-\u{1faff}\u{20000}-\u{323af}]+/gu;

/** The words of a folded text, each between two spaces; addresses fall into their parts. */
const words = (folded: string): string =>
  ` ${folded
    .replaceAll(UNSPACED, " ")
    .replaceAll(/[^\p{Alphabetic}0-9]+/gu, " ")
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
