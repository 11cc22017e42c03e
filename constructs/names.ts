import type { Construct } from "constructs";

/** AWS's limits on names that derive from `project`, from the API reference of each service. */
const limits = {
  "target group": { max: 32, pattern: /^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$/ },
  "IAM role": { max: 64, pattern: /^[\w+=,.@-]+$/ },
  "Lambda function": { max: 64, pattern: /^[\w-]+$/ },
  "ECS task family": { max: 255, pattern: /^[\w-]+$/ },
  "ECS service": { max: 255, pattern: /^[\w-]+$/ },
  "Redis replication group": { max: 40, pattern: /^[A-Za-z](?:-?[A-Za-z0-9])*$/ },
  "EventBridge rule": { max: 64, pattern: /^[\w.-]+$/ },
  secret: { max: 512, pattern: /^[\w/+=.@-]+$/ },
  "Cognito client": { max: 128, pattern: /^[\w\s+=,.@-]+$/ },
} as const;

type NamedResource = keyof typeof limits;

/**
 * Returns `name`, and makes synthesis fail if AWS would refuse it, so that the error comes before any plan.
 * The error names the environment, the field to change (`project`), the name, the limit and the remedy.
 */
export function checkedName(scope: Construct, kind: NamedResource, name: string): string {
  const { max, pattern } = limits[kind];
  scope.node.addValidation({
    validate: () => [
      ...(name.length > max
        ? [
            `project: the ${kind} name "${name}" has ${name.length} characters, AWS allows ${max}: ` +
              `shorten project by at least ${name.length - max}`,
          ]
        : []),
      ...(pattern.test(name)
        ? []
        : [`project: AWS refuses the ${kind} name "${name}": it must match ${pattern.source}`]),
    ],
  });
  return name;
}
