import type { Values } from "./series.ts";

// Jest looks up every global name at each use: with constants a year takes seconds.
const NONE = Number.NaN;

const TOKEN = /\s*(?:([0-9.]+)|([A-Za-z_]\w*)|(>=|<=|==|[-+*/(),<>]))/y;

/** Compiles the part of CloudWatch's metric math that alarms here are written in. @throws for anything else */
export function metricMath(text: string, values: Readonly<Record<string, Values>>): Values {
  const tokens = tokensOf(text);
  let at = 0;
  const next = () => tokens[at++];
  const take = (token: string) => {
    if (tokens[at] !== token) return false;
    at++;
    return true;
  };
  const expect = (token: string) => {
    if (!take(token)) throw new Error(`metric math: expected ${token} at ${tokens.slice(at).join(" ")}`);
  };
  /** Operators of equal rank, from left to right. */
  const chain = (operand: () => Values, operators: Readonly<Record<string, Operator>>) => (): Values => {
    let left = operand();
    for (;;) {
      const operator = operators[tokens[at] ?? ""];
      if (!operator) return left;
      at++;
      left = combined(left, operand(), operator);
    }
  };
  const argument = (last: boolean) => {
    const value = expression();
    expect(last ? ")" : ",");
    return value;
  };
  const primary = (): Values => {
    if (take("(")) return argument(true);
    const token = next() ?? "";
    if (/^[0-9.]+$/.test(token)) return Number(token);
    if (!take("(")) {
      const value = values[token];
      if (value === undefined) throw new Error(`metric math: unknown id ${token || "at the end"} in ${text}`);
      return value;
    }
    if (token === "FILL")
      return combined(argument(false), argument(true), (value, instead) => (isNone(value) ? instead : value));
    if (token === "IF") {
      const condition = argument(false);
      // Where the condition is not met, the one is NaN, and the other fills it.
      const yes = combined(condition, argument(false), (met, value) => (met ? value : NONE));
      const no = combined(condition, argument(true), (met, value) => (met || isNone(met) ? NONE : value));
      return combined(yes, no, (one, other) => (isNone(one) ? other : one));
    }
    throw new Error(`metric math: unknown function ${token}`);
  };
  const term = chain(primary, { "*": (a, b) => a * b, "/": (a, b) => (b === 0 ? NONE : a / b) });
  const sum = chain(term, { "+": (a, b) => a + b, "-": (a, b) => a - b });
  const expression = chain(sum, {
    ">=": truth((a, b) => a >= b),
    "<=": truth((a, b) => a <= b),
    "==": truth((a, b) => a === b),
    ">": truth((a, b) => a > b),
    "<": truth((a, b) => a < b),
  });
  const value = expression();
  if (at < tokens.length) throw new Error(`metric math: unexpected ${tokens.slice(at).join(" ")} in ${text}`);
  return value;
}

type Operator = (a: number, b: number) => number;

const { isNaN: isNone } = Number;

const truth =
  (compare: (a: number, b: number) => boolean): Operator =>
  (a, b) =>
    isNone(a) || isNone(b) ? NONE : compare(a, b) ? 1 : 0;

/** Two values minute by minute. */
function combined(a: Values, b: Values, operator: Operator): Values {
  if (typeof a === "number" && typeof b === "number") return operator(a, b);
  const { length } = typeof a === "number" ? (b as Float64Array) : a;
  // A loop, because the arrays' own map takes three times as long.
  const result = new Float64Array(length);
  for (let minute = 0; minute < length; minute++)
    result[minute] = operator(
      typeof a === "number" ? a : (a[minute] as number),
      typeof b === "number" ? b : (b[minute] as number),
    );
  return result;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const [, number, name, sign] = TOKEN.exec(text) ?? [];
    const token = number ?? name ?? sign;
    if (token === undefined) throw new Error(`metric math: can't read ${text.slice(at)}`);
    tokens.push(token);
  }
  return tokens;
}
