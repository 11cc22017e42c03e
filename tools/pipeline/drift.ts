import type { Plan } from "../terraform/plan.ts";
import type { GitHub } from "./github.ts";
import { type IssueChange, keepIssue } from "./issue.ts";

const marker = (environment: string) => `<!-- phenom-chat drift: ${environment} -->`;

/** Whether an environment differs from what was deployed to it. */
export const hasDrifted = ({ resources, outputs, drift, deferred }: Plan): boolean =>
  [resources, Object.keys(outputs), drift, deferred].some(({ length }) => length > 0);

/** The issue about an environment's drift: opened at the first, rewritten while it lasts, closed when it is gone. */
export const reportDrift = (
  github: GitHub,
  environment: string,
  report: string | undefined,
): Promise<IssueChange> =>
  keepIssue(github, { marker: marker(environment), title: `Drift in ${environment}`, body: report });

/** Room that the hidden first line of the issue takes. */
export const markerLength = (environment: string): number => marker(environment).length + 1;
