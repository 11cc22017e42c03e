import type { PolicyStatement } from "../../../constructs/iam-policy.ts";

/**
 * Evaluates IAM policies as AWS documents it, for the elements that our policies use: anything else throws. The
 * libraries that were looked at can't replace it: `@cloud-copilot/iam-simulate` allows a request for `*` by a statement
 * about one resource, knows no HTTP APIs, and is under the AGPL; moto knows no conditions.
 */

/** What a service asks IAM. */
export interface Request {
  /** Such as `iam:CreateRole`. */
  readonly action: string;
  /** An ARN; `*` where the service names no resource. */
  readonly resource: string;
  /** Values of condition keys. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Policies of a role. */
export interface Policies {
  readonly statements: readonly PolicyStatement[];
  /** Permissions boundary: what it doesn't allow, the role may not do. @default - none */
  readonly boundary?: readonly PolicyStatement[];
}

const list = (value: string | readonly string[] | undefined): readonly string[] => [value ?? []].flat();

const expressions = new Map<string, RegExp>();

/** Whether a text matches a pattern with `*` and `?`. */
export function matches(pattern: string, text: string): boolean {
  let expression = expressions.get(pattern);
  if (!expression) {
    if (pattern.includes("${")) throw new Error(`${pattern}: policy variables are not supported`);
    const source = pattern
      .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    expression = new RegExp(`^${source}$`, "s");
    expressions.set(pattern, expression);
  }
  return expression.test(text);
}

type Operator = (value: string, expected: string) => boolean;
const operators: Readonly<Record<string, Operator>> = {
  StringEquals: (value, expected) => value === expected,
  StringLike: (value, expected) => matches(expected, value),
  ArnEquals: (value, expected) => matches(expected, value),
  ArnLike: (value, expected) => matches(expected, value),
};

/** Whether a request meets a statement's conditions: all operators and keys of them, any of a key's values. */
function meets({ Condition = {} }: PolicyStatement, context: Readonly<Record<string, string>>): boolean {
  return Object.entries(Condition).every(([name, keys]) => {
    const ifExists = name.endsWith("IfExists");
    const operator = operators[name.replace(/IfExists$/, "")];
    if (!operator) throw new Error(`the condition operator ${name} is not supported`);
    return Object.entries(keys).every(([key, expected]) => {
      const value = context[key];
      return value === undefined ? ifExists : list(expected).some((one) => operator(value, one));
    });
  });
}

const ELEMENTS = ["Sid", "Effect", "Principal", "Action", "Resource", "Condition"];

/** Whether a statement names an action. */
function names(statement: PolicyStatement, action: string): boolean {
  const unknown = Object.keys(statement).filter((element) => !ELEMENTS.includes(element));
  if (unknown.length) throw new Error(`${statement.Sid}: ${unknown.join(", ")} is not supported`);
  return list(statement.Action).some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase()));
}

/** Whether a statement is about a request. */
export const applies = (statement: PolicyStatement, request: Request): boolean =>
  names(statement, request.action) && fits(statement, request);

const fits = (statement: PolicyStatement, { resource, context = {} }: Request): boolean =>
  list(statement.Resource).some((pattern) => matches(pattern, resource)) && meets(statement, context);

const known = new WeakMap<readonly PolicyStatement[], Map<string, readonly PolicyStatement[]>>();

/** The statements that name an action. An apply asks about the same few hundred actions again and again. */
function naming(statements: readonly PolicyStatement[], action: string): readonly PolicyStatement[] {
  const byAction = known.get(statements) ?? new Map<string, readonly PolicyStatement[]>();
  known.set(statements, byAction);
  const found = byAction.get(action) ?? statements.filter((statement) => names(statement, action));
  byAction.set(action, found);
  return found;
}

/** Statements that allow an action, be it only on other resources or under other conditions. */
export const aboutAction = (
  statements: readonly PolicyStatement[],
  action: string,
): readonly PolicyStatement[] => naming(statements, action).filter(({ Effect }) => Effect === "Allow");

const allows = (statements: readonly PolicyStatement[], request: Request): boolean => {
  const about = naming(statements, request.action).filter((statement) => fits(statement, request));
  return about.length > 0 && about.every(({ Effect }) => Effect === "Allow");
};

/** Whether IAM allows a request: a statement allows it, none denies it, and the boundary allows it too. */
export const isAllowed = ({ statements, boundary }: Policies, request: Request): boolean =>
  allows(statements, request) && (boundary === undefined || allows(boundary, request));

/** Whether some text matches both patterns, of which each may have `*`. */
export function overlap(a: string, b: string): boolean {
  const tried = new Set<string>();
  const from = (i: number, j: number): boolean => {
    const pair = `${i},${j}`;
    if (tried.has(pair)) return false;
    tried.add(pair);
    if (i === a.length && j === b.length) return true;
    // A star stands for nothing, or for what comes next in the other pattern.
    if (a[i] === "*") return from(i + 1, j) || (j < b.length && from(i, j + 1));
    if (b[j] === "*") return from(i, j + 1) || (i < a.length && from(i + 1, j));
    return a[i] !== undefined && a[i] === b[j] && from(i + 1, j + 1);
  };
  return from(0, 0);
}
