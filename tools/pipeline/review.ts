import { Problem } from "../cli/problem.ts";
import { type Comparison, type Review, unpack } from "./changes.ts";
import type { GitHub } from "./github.ts";
import { markerOf, reviewIn } from "./report.ts";
import { verified } from "./signature.ts";

/** Shows a report in the comment of an earlier run, if there is one, or else in a new one. */
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

/** What was reviewed before a commit came to a branch: a plan, or that there is none. */
export type Reviewed =
  | { readonly source: string; readonly review: Review }
  | { readonly source: string; readonly skipped: true };

/**
 * What was shown on the pull request which brought `commit` to `branch`.
 * @throws Problem if there is no such pull request, or its comments do not cover the merged commit
 */
export async function reviewedBefore(
  github: GitHub,
  commit: string,
  branch: string,
  environment: string,
  key: string,
): Promise<Reviewed> {
  const merged = await github.mergedPullRequest(commit, branch);
  if (merged === undefined)
    throw new Problem(
      `No merged pull request brought ${commit} to ${branch}, so nobody reviewed its plan.`,
      REMEDY,
    );
  const source = `pull request #${merged.number}`;
  if (merged.fromFork) return { source, skipped: true };
  const shown = (await commentsOf(github, merged.number, environment)).flatMap(
    ({ body }) => reviewIn(body) ?? [],
  );
  if (shown.length === 0)
    throw new Problem(`Pull request #${merged.number} shows no plan of ${environment}.`, REMEDY);
  const packed = shown.map((signed) => verified(signed, key)).find((text) => text !== undefined);
  if (packed === undefined)
    throw new Problem(
      `The plan of ${environment} on pull request #${merged.number} was not signed with this REVIEW_KEY.`,
      REMEDY,
    );
  const review = checkedReview(unpack(packed), merged.head, environment, source);
  return review.refused ? { source, skipped: true } : { source, review };
}

/** @throws Problem where a review is of another commit or environment */
export function checkedReview(review: Review, commit: string, environment: string, source: string): Review {
  if (review.environment !== environment)
    throw new Problem(
      `What ${source} showed is a plan of ${review.environment}, not of ${environment}.`,
      REMEDY,
    );
  if (review.commit !== commit)
    throw new Problem(
      `What ${source} showed is a plan of commit ${review.commit}, and ${commit} is what came in.`,
      REMEDY,
    );
  return review;
}

/** @throws Problem where the planned changes are not all among those that were reviewed */
export function checkReviewed({ unreviewed }: Comparison, environment: string, source: string): void {
  if (unreviewed.length === 0) return;
  throw new Problem(
    [
      `${environment}: what would be applied differs from what ${source} showed, so nothing is applied.`,
      "Not reviewed:",
      ...unreviewed.map((line) => `  ${line}`),
    ].join("\n"),
    REMEDY,
  );
}
