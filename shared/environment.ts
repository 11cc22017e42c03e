import * as z from "zod/mini";

/** A program's environment variables: a Zod object whose fields parse text and have a description. */
export type EnvironmentSchema = z.core.$ZodObject;
export type Variables = Readonly<Record<string, string | undefined>>;

/** Everything that is wrong with a program's environment. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
  /** One line each: variable, value, what is allowed, and what it is for. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem(s):\n${problems.map((line) => `- ${line}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

/**
 * Reads a program's environment. A variable that is set to nothing counts as not set.
 *
 * @param further finds problems that concern more than one variable
 * @throws ConfigurationError that names all problems at once
 */
export function readEnvironment<Schema extends EnvironmentSchema>(
  schema: Schema,
  environment: Variables = process.env,
  further: (set: Variables) => readonly string[] = () => [],
): z.core.output<Schema> {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = z.safeParse(schema, set);
  const problems = [
    ...(parsed.error?.issues ?? []).map(({ path, message }) =>
      problem(schema, set, String(path[0]), message),
    ),
    ...further(set),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigurationError(problems);
  return parsed.data;
}

function problem(schema: EnvironmentSchema, set: Variables, name: string, message: string): string {
  const value = set[name];
  if (value === undefined) return notSet(schema, name);
  const { description, secret } = describeVariable(schema, name);
  return `${name} = ${secret ? "****" : shown(value)}: ${message}. It is: ${description}.`;
}

/** A URL's user name and password are secret, wherever it stands. */
const shown = (value: string) => JSON.stringify(value.replace(/\/\/.*@/s, "//****@").slice(0, 200));

/** The problem of a variable that is missing. */
export const notSet = (schema: EnvironmentSchema, name: string, reason?: string): string =>
  `${name} is not set${reason === undefined ? "" : `: ${reason}`}. It is: ${describeVariable(schema, name).description}.`;

/** What a variable is, in one line, and whether its value is secret, as its schema's metadata says. */
export function describeVariable(
  schema: EnvironmentSchema,
  name: string,
): { description: string; secret: boolean } {
  const field = schema._zod.def.shape[name];
  const { description = "", secret = false } = (field && z.globalRegistry.get(field)) ?? {};
  return { description, secret: secret === true };
}

/** Whether a text is an http or https URL without user name and password, which would end up in logs. */
export function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}
export const HTTP_URL_FORM = "must be an http or https URL without user name and password";
