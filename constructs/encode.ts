import { Fn, Token } from "cdktf";

/**
 * Text as a literal of Terraform's language. CDKTF escapes line ends and `${` in the arguments of functions, but
 * neither quotes nor backslashes nor `%{`, so a shell script would not survive.
 */
function literal(text: string): string {
  if (!Token.isUnresolved(text)) return JSON.stringify(text).replaceAll("%{", "%%{");
  if (/["\\]/.test(text)) throw new Error(`a text with references can't hold quotes or backslashes: ${text}`);
  return text;
}

function literals(value: unknown): unknown {
  if (typeof value === "string") return literal(value);
  if (Token.isUnresolved(value) || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(literals);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, literals(child)]));
}

/** `value` as JSON, with the references in it resolved by Terraform. */
export const jsonencode = (value: unknown): string => Fn.jsonencode(literals(value));

/** `value` as YAML, with the references in it resolved by Terraform; keys are sorted. */
export const yamlencode = (value: unknown): string => Fn.yamlencode(literals(value));
