import { DescribeTaskDefinitionCommand, paginateListTaskDefinitions } from "@aws-sdk/client-ecs";
import { EXIT, Problem } from "../cli/problem.ts";
import type { Context } from "./context.ts";
import { revisionOf, updateService, waitUntilStable } from "./services.ts";

/** A service and the task definition that it is rolled back to. */
export interface RollbackTarget {
  readonly part: string;
  readonly name: string;
  /** ARN of the task definition that runs now. */
  readonly from: string;
  /** ARN. */
  readonly to: string;
}

/** Rolls services back, and waits until they run the task definitions of their targets. */
export async function rollBack(
  context: Context,
  cluster: string,
  targets: readonly RollbackTarget[],
): Promise<void> {
  const expected = [];
  for (const { name, from, to } of targets) {
    context.report.progress(`${name}: back from ${revisionOf(from)} to ${revisionOf(to)}`);
    expected.push(await updateService(context, { cluster, service: name, taskDefinition: to }));
  }
  await waitUntilStable(context, cluster, expected);
}

/**
 * The newest revision before `current` that is still registered.
 * @throws Problem where there is none
 */
export async function revisionBefore({ aws }: Context, current: string): Promise<string> {
  const { family, revision } = partsOf(current);
  const pages = paginateListTaskDefinitions(
    { client: aws.ecs },
    { familyPrefix: family, status: "ACTIVE", sort: "DESC" },
  );
  for await (const { taskDefinitionArns = [] } of pages) {
    // Another family may start with the same prefix.
    const before = taskDefinitionArns.find((arn) => {
      const other = partsOf(arn);
      return other.family === family && other.revision < revision;
    });
    if (before) return before;
  }
  throw new Problem(
    `no task definition before ${revisionOf(current)} is registered`,
    "Deploy an earlier version instead: check it out, then npm run ops -- deploy <environment>",
  );
}

/**
 * The ARN of a revision of the same family as `current`.
 * @throws Problem where it is not registered, because ECS refuses to run it
 */
export async function revisionNumbered({ aws }: Context, current: string, revision: number): Promise<string> {
  const arn = current.replace(/:\d+$/, `:${revision}`);
  const { taskDefinition } = await aws.ecs
    .send(new DescribeTaskDefinitionCommand({ taskDefinition: arn }))
    .catch((error: unknown) => {
      // ECS's answer to a revision that never was.
      if (error instanceof Error && error.name === "ClientException") return { taskDefinition: undefined };
      throw error;
    });
  if (taskDefinition?.status === "ACTIVE") return arn;
  const { family } = partsOf(current);
  throw new Problem(
    `${revisionOf(arn)} is not registered`,
    `See which are: aws ecs list-task-definitions --family-prefix ${family} --sort DESC`,
    EXIT.usage,
  );
}

/** Whether a service runs an earlier revision than the one that was applied, because it was rolled back already. */
export function isBehind(running: string, applied: string): boolean {
  const [a, b] = [partsOf(running), partsOf(applied)];
  return a.family === b.family && a.revision < b.revision;
}

function partsOf(arn: string): { family: string; revision: number } {
  const [family = "", revision = ""] = revisionOf(arn).split(":");
  return { family, revision: Number(revision) };
}
