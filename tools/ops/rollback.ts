import { ListTaskDefinitionsCommand } from "@aws-sdk/client-ecs";
import type { Context } from "./context.ts";
import { EXIT, Problem } from "./problem.ts";
import { revisionOf, settle, updateService } from "./services.ts";

/** A service and the task definition that it shall go back to. */
export interface WayBack {
  readonly part: string;
  readonly name: string;
  /** ARN of what runs now. */
  readonly from: string;
  /** ARN. */
  readonly to: string;
}

/** Puts services back and waits until they run what they ran before. */
export async function rollBack(context: Context, cluster: string, ways: readonly WayBack[]): Promise<void> {
  const wanted = [];
  for (const { name, from, to } of ways) {
    context.report.progress(`${name}: back from ${revisionOf(from)} to ${revisionOf(to)}`);
    wanted.push(await updateService(context, { cluster, service: name, taskDefinition: to }));
  }
  await settle(context, cluster, wanted);
}

/**
 * The newest revision before `current` that is still registered.
 * @throws Problem where there is none
 */
export async function revisionBefore({ aws }: Context, current: string): Promise<string> {
  const { family, revision } = partsOf(current);
  let nextToken: string | undefined;
  do {
    const page = await aws.ecs.send(
      new ListTaskDefinitionsCommand({
        familyPrefix: family,
        status: "ACTIVE",
        sort: "DESC",
        ...(nextToken && { nextToken }),
      }),
    );
    // The prefix may be another family's beginning too.
    const before = page.taskDefinitionArns?.find((arn) => {
      const other = partsOf(arn);
      return other.family === family && other.revision < revision;
    });
    if (before) return before;
    nextToken = page.nextToken;
  } while (nextToken);
  throw new Problem(
    `no task definition before ${revisionOf(current)} is registered`,
    "Deploy an earlier version instead: check it out, and npm run ops -- deploy <environment>",
    EXIT.failed,
  );
}

/** Whether a service runs an earlier revision than the one that was applied: it was put back already. */
export function isBehind(running: string, applied: string): boolean {
  const [a, b] = [partsOf(running), partsOf(applied)];
  return a.family === b.family && a.revision < b.revision;
}

function partsOf(arn: string): { family: string; revision: number } {
  const [family = "", revision = ""] = revisionOf(arn).split(":");
  return { family, revision: Number(revision) };
}
