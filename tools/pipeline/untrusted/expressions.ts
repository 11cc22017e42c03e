/** What is not read here, because synthesis writes none of it. */
const UNREADABLE: readonly (readonly [pattern: string, name: string])[] = [
  ["#", "a comment"],
  ["//", "a comment"],
  ["/*", "a comment"],
  ["<<", "a heredoc"],
];

/**
 * The code between `${` or `%{` and its `}` in a template of Terraform, with templates inside of its strings. The text of
 * strings is left out: `""` stands for it.
 * @throws Error where the template can't be read
 */
export function codeIn(template: string): string[] {
  const pieces: string[] = [];
  let at = 0;

  /** Reads text up to its end, or up to the quote that ends it. */
  function readText(quoted: boolean): void {
    while (at < template.length) {
      const [char, next] = [template[at], template[at + 1]];
      if (quoted && char === '"') return;
      if (quoted && char === "\\") at += 2;
      else if ((char === "$" || char === "%") && next === char && template[at + 2] === "{") at += 3;
      else if ((char === "$" || char === "%") && next === "{") {
        at += 2;
        readCode();
      } else at++;
    }
    if (quoted) throw new Error("a string does not end");
  }

  /** Reads code up to the brace that ends it. */
  function readCode(): void {
    let [code, depth] = ["", 0];
    for (; at < template.length; at++) {
      const char = template[at] ?? "";
      if (char === "}" && depth-- === 0) {
        pieces.push(code);
        at++;
        return;
      }
      const unreadable = UNREADABLE.find(([pattern]) => template.startsWith(pattern, at));
      if (unreadable) throw new Error(`an expression has ${unreadable[1]}`);
      if (char === "{") depth++;
      code += char;
      if (char !== '"') continue;
      at++;
      readText(true);
      code += '"';
    }
    throw new Error("an expression does not end");
  }

  readText(false);
  return pieces;
}

/** Terraform's functions that depend on their arguments alone and keep the mark of a sensitive value. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  (
    "abs alltrue anytrue base64decode base64encode can ceil chomp chunklist cidrcontains cidrhost cidrnetmask cidrsubnet " +
    "cidrsubnets coalesce coalescelist compact concat contains distinct element endswith flatten floor format formatdate " +
    "formatlist indent index join jsondecode jsonencode keys length log lookup lower map matchkeys max md5 merge min one " +
    "parseint pow range regex regexall replace reverse sensitive setintersection setproduct setsubtract setunion sha1 " +
    "sha256 sha512 signum slice sort split startswith strcontains strrev substr sum title tobool tolist tomap tonumber " +
    "toset tostring transpose trim trimprefix trimspace trimsuffix try upper urlencode values yamldecode yamlencode zipmap"
  ).split(" "),
);
/** Words of the language before a parenthesis. */
const KEYWORDS: ReadonlySet<string> = new Set(["in", "if", "for", "else"]);

/** Attributes that the provider marks as sensitive, by the type of their resource or data source. */
export type SensitiveAttributes = ReadonlyMap<string, readonly string[]>;

/**
 * Why a piece of code may not be planned: it calls a function that reads files or takes marks off, or reads a secret.
 * @param owner type of the resource that the code belongs to, which it can call `self`
 */
export function objectionsTo(code: string, sensitive: SensitiveAttributes, owner: string): string[] {
  if (/[^\t\n\r -~]/.test(code)) return ["has a character outside of ASCII in an expression"];
  const calls = [...code.matchAll(/([A-Za-z_][\w-]*(?:\s*::\s*[\w-]+)*)\s*\(/g)]
    .map(([, name = ""]) => name)
    .filter((name) => !FUNCTIONS.has(name) && !KEYWORDS.has(name));
  const readsSelf = sensitive.has(owner) && /(?<![\w.-])self(?![\w-])/.test(code);
  return [
    ...calls.map((name) => `calls ${name}()`),
    ...(readsSelf ? ["reads self, which has sensitive attributes"] : []),
    ...[...sensitive].flatMap(([type, attributes]) => secretsReadBy(code, type, attributes)),
  ];
}

/** How code reads the sensitive attributes of a type, or might. */
function secretsReadBy(code: string, type: string, attributes: readonly string[]): string[] {
  return [...code.matchAll(new RegExp(`(?<![\\w-])${type}(?![\\w-])`, "g"))].flatMap(({ index }) => {
    // An ephemeral value is drawn for this plan alone.
    if (/ephemeral\s*\.\s*$/.test(code.slice(0, index))) return [];
    const [address, attribute] = /^\.[\w-]+\.([A-Za-z_][\w-]*)/.exec(code.slice(index + type.length)) ?? [];
    if (attribute === undefined) return [`reads ${type} as a whole, which has sensitive attributes`];
    return attributes.includes(attribute) ? [`reads ${type}${address}, which is sensitive`] : [];
  });
}
