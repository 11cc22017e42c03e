import { writeFileSync } from "node:fs";
import path from "node:path";
import type { EnvironmentData } from "../../environments/schema.ts";
import type { RoleFile } from "../../tools/terraform-offline/iam/role.ts";
import { pipelineRoles } from "../security/iam/roles.ts";

/**
 * Writes the deploying role of an environment as Terraform offline enforces it.
 * @param without an action that is taken away from the role. @default - none
 * @returns environment variables for Terraform offline
 */
export function enforcedRole(
  folder: string,
  data: EnvironmentData,
  without?: string,
): Readonly<Record<string, string>> {
  const { environment, toDeploy, deployNeeds } = pipelineRoles(data);
  const role: RoleFile = {
    role: `${environment.project}-pipeline-deploy`,
    statements: toDeploy.map((statement) => ({
      ...statement,
      Action: [statement.Action].flat().filter((action) => action !== without),
    })),
    requests: deployNeeds,
  };
  const file = path.join(folder, "role.json");
  writeFileSync(file, JSON.stringify(role));
  return { TF_OFFLINE_ROLE: file };
}
