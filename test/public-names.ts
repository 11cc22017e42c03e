/** Names as Cognito has them, and what others may see of them: the same on both implementations. */
const family = "👨‍👩‍👧‍👦";
const flag = "🇩🇪";

export const PUBLIC_NAMES: readonly (readonly [what: string, name: string, shown: string | null])[] = [
  ["a name", "Zoë Müller", "Zoë Müller"],
  ["a name in another script", "王小明", "王小明"],
  ["white space inside and around", "  Ada \n\t Lovelace ", "Ada Lovelace"],
  ["invisible characters in a name", "Ad\u200ba\u202e\u2066 L\u2060ovelace\u00ad", "Ada Lovelace"],
  ["invisible characters alone", "\u200b\u200d\u2060", null],
  ["blank letters alone", "\u3164\u2800\u115f", null],
  ["a family of emoji, whole", family, family],
  ["a joiner that joins nothing", `a\u200db${family}`, `ab${family}`],
  ["marks without a letter", "\u0301\u0301", null],
  ["a name of one of our accounts", "phenom-admin", null],
  ["the same with other letters and an invisible one", "Phe\u200bnom Ａdmin", null],
  ["the same without a separator", "PhenomSupport", null],
  ["a name that only begins alike", "Phenomena", "Phenomena"],
  ["a long name, cut after 100 characters", "a".repeat(150), "a".repeat(100)],
  ["an emoji at the cut, left out as a whole", `${"a".repeat(97)}${family}`, "a".repeat(97)],
  ["a flag at the cut, left out as a whole", `${"a".repeat(99)}${flag}`, "a".repeat(99)],
  ["a flag before the cut, kept", `${"a".repeat(98)}${flag}b`, `${"a".repeat(98)}${flag}`],
  ["an accent at the cut, with its letter", `${"a".repeat(99)}e\u0301`, "a".repeat(99)],
];

/** What is no name to be shown, though it can be seen. */
export const PRIVATE_NAMES: readonly (readonly [what: string, name: string])[] = [
  ["a telephone number", "+49 (151) 123-456.78"],
  ["a mail address", "ann@example.org"],
  ["an id at Google", "Google_104862793027531896420"],
  ["an id at Apple", "SignInWithApple_001234.abcdef.0987"],
];
