import { Problem } from "../cli/problem.ts";
import type { GitHub } from "./github.ts";

/** The most deployments that are looked at: an older one than these is followed by one of them. */
const MOST = 10;

/**
 * Refuses to deploy a commit after a later one, as a run does that is started again.
 * @throws Problem where a deployment of a later commit began
 */
export async function checkNotOlder(github: GitHub, commit: string, environment: string): Promise<void> {
  const deployed = new Set(await github.deployedCommits(environment));
  deployed.delete(commit);
  for (const other of [...deployed].slice(0, MOST)) {
    const relation = await github.compare(other, commit);
    if (relation === "ahead" || relation === "identical") continue;
    throw new Problem(
      `${environment}: ${commit} is ${relation === "behind" ? "older than" : "not a successor of"} ${other}, whose deployment began already.`,
      "Run the newest deployment again. To go back, revert by a pull request, or roll the services back with npm run ops -- rollback.",
    );
  }
}
