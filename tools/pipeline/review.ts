import { Problem } from "../local/problem.ts";
import { type Deviation, unpack } from "./changes.ts";
import type { GitHub } from "./github.ts";
import { changesIn, markerOf } from "./report.ts";

/** Shows the report on the pull request: the comment of the run before is written over. */
export async function publish(
  github: GitHub,
  pullRequest: number,
  environment: string,
  report: string,
): Promise<void> {
  const [before] = await commentsOf(github, pullRequest, environment);
  if (before) await github.updateComment(before.id, report);
  else await github.createComment(pullRequest, report);
}

const commentsOf = async (github: GitHub, pullRequest: number, environment: string) =>
  (await github.botComments(pullRequest)).filter(({ body }) => body.startsWith(markerOf(environment)));

/** How what stands open gets a review, whatever brought it about. */
const REMEDY =
  "Open a pull request, even one that changes a comment: its plan shows what stands open, and merging it applies that";

/**
 * The changes that were shown on the pull request which brought `commit` to `branch`.
 * @throws Problem where there is no such pull request, or no plan on it
 */
export async function reviewedChanges(
  github: GitHub,
  commit: string,
  branch: string,
  environment: string,
): Promise<{ pullRequest: number; changes: string[] }> {
  const pullRequest = await github.mergedPullRequest(commit, branch);
  if (pullRequest === undefined)
    throw new Problem(
      `No merged pull request brought ${commit} to ${branch}, so nobody saw its plan. ${REMEDY}`,
    );
  const [comment] = await commentsOf(github, pullRequest, environment);
  const packed = comment && changesIn(comment.body);
  if (packed === undefined)
    throw new Problem(`Pull request #${pullRequest} shows no plan of ${environment}. ${REMEDY}`);
  return { pullRequest, changes: unpack(packed) };
}

/** What to say where the changes are other ones than those that were reviewed. */
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
      ...listed("Reviewed, and not there any more", gone),
      REMEDY,
    ].join("\n"),
  );
}
