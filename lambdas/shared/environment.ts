/** One environment variable of a handler: what it is for, and how its text is read. */
export interface Variable<T> {
  /** One line for people. */
  readonly description: string;
  /** The text that stands for one that is not set; without it, and unless optional, the variable must be set. */
  readonly default?: string;
  readonly isOptional?: true;
  /** @throws Error with what is wrong and what would be right; never with a value that may be secret */
  parse(text: string): T;
}

/** The variables that a handler reads, by name. */
export type EnvironmentDeclaration = Readonly<Record<string, Variable<unknown>>>;

type Values<D extends EnvironmentDeclaration> = {
  readonly [Name in keyof D]: D[Name] extends Variable<infer T> ? T : never;
};

/** Everything that is wrong with a handler's environment, one problem a line. */
export class ConfigurationError extends Error {
  override readonly name = "ConfigurationError";
}

/**
 * Reads every declared variable.
 *
 * @throws ConfigurationError that names all problems at once
 */
export function readEnvironment<D extends EnvironmentDeclaration>(
  declaration: D,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Values<D> {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, variable] of Object.entries(declaration)) {
    const text = environment[name] || variable.default;
    if (text === undefined) {
      if (variable.isOptional) continue;
      problems.push(`${name} is not set: ${variable.description}`);
      continue;
    }
    try {
      values[name] = variable.parse(text);
    } catch (error) {
      problems.push(`${name} ${error instanceof Error ? error.message : error}`);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems.join("\n"));
  return values as Values<D>;
}

/** A variable that may be missing; what that means belongs into its description. */
export const optional = <T>(variable: Variable<T>): Variable<T | undefined> => ({
  ...variable,
  isOptional: true,
});

/** An http or https URL; credentials in it are refused, because they would end up in logs. */
export function url(value: string): string {
  const parsed = URL.canParse(value) ? new URL(value) : undefined;
  if (!parsed || !["http:", "https:"].includes(parsed.protocol))
    throw new Error(`is not an http or https URL (${hidden(value)})`);
  if (parsed.username || parsed.password) throw new Error("holds credentials: take them out of the URL");
  return parsed.href;
}

/** A secret's ARN. The value is not shown: what stands here by mistake may be the secret itself. */
export function secretArn(value: string): string {
  if (!/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/.test(value))
    throw new Error(
      `is not the ARN of a secret (${hidden(value)}), such as arn:aws:secretsmanager:us-east-1:123456789012:secret:name`,
    );
  return value;
}

/** A TCP port, 1 to 65535. */
export function port(value: string): number {
  const number = Number(value);
  if (!/^\d{1,5}$/.test(value) || number < 1 || number > 65_535)
    throw new Error(`is ${JSON.stringify(value.slice(0, 20))}, not a port from 1 to 65535`);
  return number;
}

const hidden = (value: string) => `its ${value.length} characters are not shown`;
