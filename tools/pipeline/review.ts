import { Problem } from "../cli/problem.ts";
import { type Deviation, unpack } from "./changes.ts";
import type { GitHub } from "./github.ts";
import { changesIn, markerOf } from "./report.ts";

/** Shows the report on the pull request, in the comment of an earlier run if there is one. */
export async function publish(
  github: GitHub,
  pullRequest: number,
  environment: string,
  report: string,
): Promise<void> {
  const [comment] = await commentsOf(github, pullRequest, environment);
  if (comment) await github.updateComment(comment.id, report);
  else await github.createComment(pullRequest, report);
}

const commentsOf = async (github: GitHub, pullRequest: number, environment: string) =>
  (await github.botComments(pullRequest)).filter(({ body }) => body.startsWith(markerOf(environment)));

/** How changes that nobody reviewed get a review. */
const REMEDY =
  "Open a pull request, even one that only changes a comment: its plan shows the open changes, and merging it applies them.";

/**
 * The changes that were shown on the pull request which brought `commit` to `branch`.
 * @throws Problem where there is no such pull request, or no plan on it
 */
export async function reviewedChanges(
  github: GitHub,
  commit: string,
  branch: string,
  environment: string,
): Promise<{ source: string; changes: string[] }> {
  const pullRequest = await github.mergedPullRequest(commit, branch);
  if (pullRequest === undefined)
    throw new Problem(
      `No merged pull request brought ${commit} to ${branch}, so nobody reviewed its plan.`,
      REMEDY,
    );
  const [comment] = await commentsOf(github, pullRequest, environment);
  const packed = comment && changesIn(comment.body);
  if (packed === undefined)
    throw new Problem(`Pull request #${pullRequest} shows no plan of ${environment}.`, REMEDY);
  return { source: `pull request #${pullRequest}`, changes: unpack(packed) };
}

/** The error for changes that differ from those that were reviewed. */
export function deviationProblem(
  { unreviewed, gone }: Deviation,
  environment: string,
  source: string,
): Problem {
  const listed = (title: string, lines: readonly string[]) =>
    lines.length ? [`${title}:`, ...lines.map((line) => `  ${line}`)] : [];
  return new Problem(
    [
      `${environment}: what would be applied differs from what ${source} showed, so nothing is applied.`,
      ...listed("Not reviewed", unreviewed),
      ...listed("Reviewed, but no longer planned", gone),
    ].join("\n"),
    REMEDY,
  );
}
