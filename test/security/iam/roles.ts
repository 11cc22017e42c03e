import { type EnvironmentData, parseEnvironment } from "../../../environments/schema.ts";
import { boundaryArn } from "../../../stacks/pipeline/boundary.ts";
import { deployRights } from "../../../stacks/pipeline/deploy-rights.ts";
import { planRights } from "../../../stacks/pipeline/plan-rights.ts";
import { moreNeeds } from "./more-needs.ts";
import { ACCOUNT, recordedNeeds, withinBoundary } from "./needs.ts";

/** The statements of the pipeline's roles in an environment, and what the deploying role is asked for there. */
export function pipelineRoles(data: EnvironmentData) {
  const parsed = parseEnvironment(data);
  if ("problems" in parsed) throw new Error(parsed.problems.join("\n"));
  const { environment } = parsed;
  const props = {
    ...environment,
    environment: environment.environment,
    accountId: ACCOUNT,
    platformSecrets: environment.pipeline.platformSecrets,
    platformState: environment.inputs.from === "remote-state" ? environment.inputs : undefined,
  };
  const toPlan = Object.values(planRights(props)).flat();
  return {
    environment,
    props,
    toPlan,
    toDeploy: [...toPlan, ...Object.values(deployRights(props)).flat()],
    deployNeeds: [
      ...recordedNeeds(environment, "plan", "apply", "second plan", "destroy"),
      ...moreNeeds(environment),
    ].map((need) => withinBoundary(need, boundaryArn(props))),
  };
}
