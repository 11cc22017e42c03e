import { Problem } from "../cli/problem.ts";
import type { Tool } from "./tools.ts";

/** @throws Problem that names the tools that are not installed, and the command that installs them */
export function requireTools(...tools: readonly Tool[]): void {
  const missing = tools.filter((tool) => !tool.present()).map(({ name }) => name);
  if (missing.length === 0) return;
  throw new Problem(
    `Not installed: ${missing.join(", ")}`,
    `Run: npm run setup -- --only ${missing.join(" ")}`,
  );
}
