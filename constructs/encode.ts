import { type IResolvable, type IResolveContext, Token, Tokenization } from "cdktf";

/** An element of an array that Terraform leaves out while `list` is empty. */
export class UnlessEmpty<T> {
  readonly list: readonly string[];
  readonly element: T;

  constructor(list: readonly string[], element: T) {
    this.list = list;
    this.element = element;
  }
}

/** A reference inside a string, as CDKTF marks it until it writes the file. */
const referencePattern = /(\$\{TfToken\[[^\]]+\]\})/;

/**
 * A call of Terraform's `jsonencode` or `yamlencode`. CDKTF's own functions escape neither quotes nor backslashes nor
 * `%{` in their arguments, which would break shell scripts, and they resolve every level of the argument again.
 */
class Encoded implements IResolvable {
  readonly creationStack: string[] = [];
  private readonly call: string;
  private readonly value: unknown;
  private written: string | undefined;

  constructor(call: "jsonencode" | "yamlencode", value: unknown) {
    this.call = call;
    this.value = value;
  }

  resolve(context: IResolveContext): string {
    this.written ??= `${this.call}(${this.expression(this.value, context)})`;
    return context.suppressBraces ? this.written : `\${${this.written}}`;
  }

  toString(): string {
    return Token.asString(this);
  }

  private expression(value: unknown, context: IResolveContext): string {
    if (typeof value === "string") {
      const parts = value.split(referencePattern).filter((part) => part !== "");
      if (parts.length === 1 && referencePattern.test(value)) return this.reference(value, context);
      return `"${parts.map((part) => (referencePattern.test(part) ? `\${${this.reference(part, context)}}` : literal(part))).join("")}"`;
    }
    if (Token.isUnresolved(value)) {
      const [token] = Tokenization.reverse(value);
      return this.reference(token, context);
    }
    if (Array.isArray(value)) return this.array(value, context);
    if (typeof value === "object" && value !== null)
      return `{${Object.entries(value)
        .map(([key, child]) => `"${literal(key)}" = ${this.expression(child, context)}`)
        .join(", ")}}`;
    return String(value);
  }

  private array(elements: readonly unknown[], context: IResolveContext): string {
    const list = (some: readonly unknown[]) =>
      `[${some.map((element) => this.expression(element, context)).join(", ")}]`;
    const fixed = elements.filter((element) => !(element instanceof UnlessEmpty));
    const optional = elements.filter((element) => element instanceof UnlessEmpty);
    if (!optional.length) return list(fixed);
    const parts = optional.map(
      ({ list: condition, element }) =>
        `[for element in ${list([element])} : element if length(${this.expression(condition, context)}) > 0]`,
    );
    return `concat(${[list(fixed), ...parts].join(", ")})`;
  }

  /** The reference in Terraform's language, without the `${}` of a template. */
  private reference(token: unknown, context: IResolveContext): string {
    const resolved = String(context.resolve(token));
    return /^\$\{(.*)\}$/s.exec(resolved)?.[1] ?? resolved;
  }
}

/** The string as it stands between quotes in Terraform's language. */
const literal = (text: string): string =>
  JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(/[$%]\{/g, (open) => open.charAt(0) + open);

/** `value` as JSON, with the references in it resolved by Terraform. */
export const jsonencode = (value: unknown): string => new Encoded("jsonencode", value).toString();

/** `value` as YAML, with the references in it resolved by Terraform; keys are sorted. */
export const yamlencode = (value: unknown): string => new Encoded("yamlencode", value).toString();
