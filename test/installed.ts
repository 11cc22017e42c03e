import { existsSync } from "node:fs";

/**
 * Whether `file`, which `.ci/install` makes, is there. Where it is not, what needs it is left out, and the console says
 * so; in CI that is an error, because a suite that silently does not run proves nothing.
 */
export function installed(what: string, file: string): boolean {
  if (existsSync(file)) return true;
  const missing = `${what}: ${file} is not there; .ci/install makes it`;
  if (process.env.CI) throw new Error(missing);
  console.warn(`left out: ${missing}`);
  return false;
}
