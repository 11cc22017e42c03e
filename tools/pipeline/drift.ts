import type { GitHub } from "./github.ts";
import type { Plan } from "./plan.ts";

const marker = (environment: string) => `<!-- phenom-chat drift: ${environment} -->`;

/** Whether an environment differs from what was deployed to it. */
export const hasDrifted = ({ resources, outputs, drift, deferred }: Plan): boolean =>
  [resources, Object.keys(outputs), drift, deferred].some(({ length }) => length > 0);

/**
 * Keeps one issue for each environment: opened at the first drift, rewritten while it lasts, closed when it is gone.
 * @returns what was done
 */
export async function reportDrift(
  github: GitHub,
  environment: string,
  report: string | undefined,
): Promise<"issue opened" | "issue updated" | "issue closed" | "no drift"> {
  const issue = (await github.openBotIssues()).find(({ body }) => body.startsWith(marker(environment)));
  if (report === undefined) {
    if (!issue) return "no drift";
    await github.updateIssue(issue.number, { state: "closed" });
    return "issue closed";
  }
  const body = `${marker(environment)}\n${report}`;
  if (issue) await github.updateIssue(issue.number, { body });
  else await github.createIssue(`Drift in ${environment}`, body);
  return issue ? "issue updated" : "issue opened";
}

/** Room that the hidden first line of the issue takes. */
export const markerLength = (environment: string): number => marker(environment).length + 1;
