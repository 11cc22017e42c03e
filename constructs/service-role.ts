import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import type { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import { checkedName } from "./names.ts";

export interface ServiceRoleProps {
  readonly deployment: Deployment;
  readonly name: string;
  /** What the role is for. Operators see it in the console. */
  readonly description: string;
  /** Trust policy: the service that assumes the role. */
  readonly assumeRolePolicy: string;
}

/** Role of a task, a function or a service, within the environment's permissions boundary. */
export class ServiceRole extends IamRole {
  constructor(
    scope: Construct,
    id: string,
    { deployment, name, description, assumeRolePolicy }: ServiceRoleProps,
  ) {
    super(scope, id, {
      name,
      description,
      assumeRolePolicy,
      ...(deployment.permissionsBoundary && { permissionsBoundary: deployment.permissionsBoundary }),
      tags: deployment.tags,
    });
    checkedName(this, "IAM role", name);
  }
}
