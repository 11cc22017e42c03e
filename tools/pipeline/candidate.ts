import { Problem } from "../cli/problem.ts";
import type { GitHub } from "./github.ts";

/** The workflow that runs the gate and deploys development. */
const WORKFLOW = "deploy.yml";

/** @throws Problem where the newest run of the deployment of `commit` is missing or not green */
export async function checkCandidate(github: GitHub, commit: string): Promise<void> {
  const run = await github.workflowRun(WORKFLOW, commit);
  if (run === "success") return;
  throw new Problem(
    run === undefined
      ? `${commit} was never deployed to development.`
      : `The deployment of ${commit} to development is not green: ${run}.`,
    "Tag a commit of main whose run of the workflow deploy is green.",
  );
}
