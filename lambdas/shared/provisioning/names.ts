/** Characters that are stored of a name. */
const MAX_NAME = 100;

/** Invisible characters and those that turn the direction of a text: they make a name look like another. */
const HIDDEN = String.raw`[\p{C}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]`;
/** The joiner inside an emoji stays. */
const HIDDEN_OR_JOINER = new RegExp(
  String.raw`(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])(\u200d)(?=\p{Extended_Pictographic})|${HIDDEN}`,
  "gu",
);

/** A name of the chat's own accounts, with and without separators. */
const RESERVED = /^phenom(?:$|[^\p{L}\p{N}]|admin|bot|mcp|moderator|official|support|team)/u;

const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });

/** A name as others see it, cut between characters and not inside one; null if nothing that can be seen remains. */
export function displayName(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const visible = value
    .toWellFormed()
    .replace(/\s+/gu, " ")
    .replace(HIDDEN_OR_JOINER, (_, joiner?: string) => joiner ?? "")
    .trim();
  if (!/[\p{L}\p{N}\p{P}\p{S}]/u.test(visible) || RESERVED.test(visible.normalize("NFKC").toLowerCase()))
    return null;
  let name = "";
  for (const { segment } of graphemes.segment(visible)) {
    if ([...name, ...segment].length > MAX_NAME) break;
    name += segment;
  }
  return name.trimEnd() || null;
}

/** A user name that everybody may read: no mail address and no telephone number. */
export function publicUsername(value: unknown): string | null {
  const name = displayName(value);
  return name === null || name.includes("@") || /^[+\d\s().-]+$/.test(name) ? null : name;
}

const UUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** Cognito's names of people who sign in with another provider: its name and the person's id there. */
const FEDERATED = /^(?:google|facebook|loginwithamazon|signinwithapple)_/i;

/**
 * The Cognito user name, if the person chose it.
 *
 * @param isFederated whether the person signs in with another provider, whose id the name then holds
 */
export const chosenUsername = (cognitoName: string, isFederated: boolean): string | null =>
  isFederated || UUID.test(cognitoName) || FEDERATED.test(cognitoName) ? null : publicUsername(cognitoName);
