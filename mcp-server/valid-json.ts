/**
 * JSON without half a surrogate pair, which `JSON.stringify` writes as an escape sequence and on which clients in other
 * languages never answer. Pairs are never written as escapes, so each such sequence is replaced.
 */
export function validJson(content: unknown): string {
  const json = JSON.stringify(content);
  return json.includes("\\ud")
    ? json.replaceAll(/\\(?:ud[89a-f][0-9a-f]{2}|.)/g, (found) => (found.length === 6 ? "\ufffd" : found))
    : json;
}
