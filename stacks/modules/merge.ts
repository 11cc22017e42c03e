import type { Configuration } from "./module-stack.ts";

type Block = Readonly<Record<string, unknown>>;

/**
 * One configuration out of two that the same constructs give: that of `yes` where the condition holds, otherwise that of
 * `no`. A resource that only one of them has gets a `count`, a text that differs a conditional, a block that differs a
 * `dynamic` block.
 * @param condition in Terraform's language; it must be known at plan, so it is about variables of plain values
 */
export function merge(condition: string, yes: Configuration, no: Configuration): Configuration {
  const not = `!(${condition})`;
  const typed = (kind: "data" | "ephemeral" | "resource") =>
    mapKeys(yes[kind], no[kind], (type) =>
      mapKeys(yes[kind][type], no[kind][type], (name) => {
        const [a, b] = [yes[kind][type]?.[name], no[kind][type]?.[name]];
        if (a && b) return mergeBody(condition, a, b);
        const body: Block = a ?? b ?? {};
        const when = a ? condition : not;
        const outer = /^\$\{(.*) \? 1 : 0\}$/.exec(String(body["count"] ?? ""))?.[1];
        return {
          count: `\${${outer === undefined ? when : `(${when}) && (${outer})`} ? 1 : 0}`,
          ...withoutCount(body),
        };
      }),
    );
  const named = (kind: "variable" | "output") =>
    mapKeys(yes[kind], no[kind], (name) => {
      const [a, b] = [yes[kind][name], no[kind][name]];
      return a && b ? mergeBody(condition, a, b) : (a ?? b ?? {});
    });
  return {
    variable: named("variable"),
    output: named("output"),
    data: typed("data"),
    ephemeral: typed("ephemeral"),
    resource: typed("resource"),
  };
}

const withoutCount = ({ count: _, ...body }: Block) => body;

/** The union of the keys in the order of `a`, then `b`. */
const mapKeys = <T>(
  a: Block | undefined,
  b: Block | undefined,
  value: (key: string) => T,
): Record<string, T> =>
  Object.fromEntries(
    [...new Set([...Object.keys(a ?? {}), ...Object.keys(b ?? {})])].map((key) => [key, value(key)]),
  );

function mergeBody(condition: string, a: Block, b: Block): Record<string, unknown> {
  const dynamic: Record<string, unknown> = {};
  const body: Record<string, unknown> = {};
  for (const [key, [one, other]] of Object.entries(mapKeys(a, b, (key) => [a[key], b[key]] as const))) {
    if (JSON.stringify(one) === JSON.stringify(other)) body[key] = one;
    else if (key === "depends_on") body[key] = [...new Set([...asList(one), ...asList(other)])];
    else if (asList(one).every(isBlock) && asList(other).every(isBlock))
      dynamic[key] = [
        ...asList(one).map((content) => ({ for_each: `\${${condition} ? [1] : []}`, content })),
        ...asList(other).map((content) => ({ for_each: `\${${condition} ? [] : [1]}`, content })),
      ];
    else body[key] = `\${${condition} ? ${expressionOf(one)} : ${expressionOf(other)}}`;
  }
  return { ...body, ...(Object.keys(dynamic).length && { dynamic }) };
}

const asList = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const isBlock = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);

/** A value of Terraform's JSON syntax as an expression: a text is a template there. */
function expressionOf(value: unknown): string {
  if (value === undefined) return "null";
  if (typeof value !== "string") return JSON.stringify(value);
  if (isOneExpression(value)) return value.slice(2, -1);
  if (value.includes("${"))
    throw new Error(`can't be merged, because it mixes text and expressions: ${value}`);
  return JSON.stringify(value);
}

/** Whether a template is nothing but one `${…}`: the brace that closes it is its last character. */
function isOneExpression(template: string): boolean {
  if (!template.startsWith("${")) return false;
  // Inside quotes braces are text, except those of a further interpolation.
  const open: string[] = [];
  for (let i = 1; i < template.length; i++) {
    const character = template.charAt(i);
    const quoted = open.at(-1) === '"';
    if (quoted && character === "\\") i++;
    else if (quoted && /^[$%]{2}\{/.test(template.slice(i, i + 3))) i += 2;
    else if (quoted && /^[$%]\{/.test(template.slice(i, i + 2))) open.push(template.charAt(++i));
    else if (character === '"') quoted ? open.pop() : open.push('"');
    else if (!quoted && character === "{") open.push("{");
    else if (!quoted && character === "}") open.pop();
    if (open.length === 0) return i === template.length - 1;
  }
  return false;
}

/** Writes references to what has a `count` with their index: such a resource is a list. */
export function indexCounted(configuration: Configuration): Configuration {
  const counted = Object.entries(configuration.resource).flatMap(([type, byName]) =>
    Object.entries(byName).flatMap(([name, body]) => ("count" in body ? [`${type}\\.${name}`] : [])),
  );
  if (counted.length === 0) return configuration;
  const reference = new RegExp(`(?<![\\w.])(${counted.join("|")})(?=\\.[a-z])`, "g");
  return JSON.parse(JSON.stringify(configuration).replaceAll(reference, "$1[0]"));
}
