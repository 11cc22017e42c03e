/** What the synthesised Terraform gives to processes, and what the scripts in it read. */

/** Names of the variables and secrets of a task definition's `container_definitions`, as synthesised. */
export const variablesOfTask = (containerDefinitions: string): string[] =>
  [...containerDefinitions.matchAll(/\{"name" = "(\w+)", "value(?:From)?" = /g)].map(([, name = ""]) => name);

/** The script of a task that is one; `undefined` where a program runs. */
export function scriptOfTask(containerDefinitions: string): string | undefined {
  const [, text] = /"command" = \["sh", "-c", "((?:[^"\\]|\\.)*)"/s.exec(containerDefinitions) ?? [];
  return text === undefined ? undefined : String(JSON.parse(`"${text}"`)).replaceAll("$${", "${");
}

/**
 * Variables that a shell script reads, also in the SQL that it gives to psql; those that it assigns itself are left out.
 * Names of variables of the environment are written in capitals.
 */
export function variablesReadBy(script: string): Set<string> {
  const names = (pattern: RegExp) => [...script.matchAll(pattern)].map(([, name = ""]) => name);
  const listed = names(/\bfor name in ([A-Z][A-Z0-9_ ]*);/g).flatMap((list) => list.trim().split(" "));
  const assigned = new Set(names(/(?:^|[\s;])([A-Z][A-Z0-9_]*)=/g));
  const read = [...names(/\$\{?([A-Z][A-Z0-9_]*)/g), ...names(/\\getenv \w+ ([A-Z][A-Z0-9_]*)/g)];
  return new Set([...listed, ...read.filter((name) => !assigned.has(name))]);
}
