/**
 * What a metric filter of CloudWatch Logs makes of a line: the part of its pattern syntax that ours are written in.
 * @returns undefined where the pattern does not match, else the fields that it names
 */
export function filterPattern(pattern: string): (line: string) => Record<string, string> | undefined {
  const json = /^\{ (.*) \}$/.exec(pattern)?.[1];
  if (json !== undefined) return jsonPattern(json);
  const delimited = /^\[(.*)\]$/.exec(pattern)?.[1];
  if (delimited !== undefined) return delimitedPattern(delimited);
  throw new Error(`neither a JSON nor a space-delimited pattern: ${pattern}`);
}

function jsonPattern(text: string) {
  const alternatives = text.split(" || ").map((condition) => {
    const [, field = "", value] = /^\$\.(\w+) = "([^"*]*)"$/.exec(condition) ?? [];
    if (value === undefined) throw new Error(`unknown condition: ${condition}`);
    return { field, value };
  });
  return (line: string) => {
    const fields = object(line);
    const found = alternatives.some(({ field, value }) => fields[field] === value);
    return found ? {} : undefined;
  };
}

function delimitedPattern(text: string) {
  const columns = text.split(", ").map((column) => {
    const alternatives = column.split(" || ").map((one) => /^(\w+)(?: = (\S+))?$/.exec(one) ?? []);
    const [[, name = ""] = []] = alternatives;
    if (!name || alternatives.some(([, other]) => other !== name))
      throw new Error(`unknown column: ${column}`);
    const matchers = alternatives.map(([, , glob]) => (glob === undefined ? () => true : matcher(glob)));
    return { name, matches: (value: string) => matchers.some((matches) => matches(value)) };
  });
  return (line: string) => {
    const values = line.split(" ");
    if (values.length !== columns.length) return undefined;
    const all = columns.every(({ matches }, index) => matches(values[index] ?? ""));
    return all
      ? Object.fromEntries(columns.map(({ name }, index) => [name, values[index] ?? ""]))
      : undefined;
  };
}

/** `*` stands for any text. */
function matcher(glob: string): (value: string) => boolean {
  const literal = glob.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const expression = new RegExp(`^${literal.join(".*")}$`);
  return (value) => expression.test(value);
}

function object(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
