import type { Task } from "@aws-sdk/client-ecs";
import { EXIT, Problem } from "./problem.ts";

/** What ECS writes as the reason of a task that never ran, and what to do about it. */
const REMEDIES: readonly [RegExp, string][] = [
  [
    /CannotPullContainerError.*(?:not found|manifest unknown|does not exist)/is,
    "The image or its tag is not in the registry: push it, or apply with another tag (TF_VAR_<image>_image_tag)",
  ],
  [
    /CannotPullContainerError.*(?:toomanyrequests|rate limit)/is,
    "Docker Hub's limit of pulls is reached: wait, or give the image the credentials of an account (dockerhub_credentials_arn)",
  ],
  [
    /CannotPullContainerError.*(?:denied|unauthorized|authorization)/is,
    "The registry refuses the credentials: check the secret dockerhub_credentials_arn, username and password",
  ],
  [
    /CannotPullContainerError/i,
    "The registry is out of reach: the private subnets need a way out (NAT), the security group port 443",
  ],
  [
    /ResourceInitializationError.*(?:secret|ssm)/is,
    "A secret can't be read: check that it has a value and that the execution role may read it; the subnets need a way to Secrets Manager",
  ],
  [
    /ResourceInitializationError.*(?:efs|mount|nfs)/is,
    "The file system can't be mounted: check its mount targets and the security groups on port 2049",
  ],
  [
    /ResourceInitializationError.*log/is,
    "The log group is missing, or the execution role may not write to it: apply again",
  ],
  [
    /ResourceInitializationError/i,
    "The task's surroundings are missing: the message names what; apply again",
  ],
  [/OutOfMemory/i, "The task needs more memory: raise services.<name>.memory of the environment, and apply"],
  [/capacity|RESOURCE:/i, "Fargate has no room in these zones now: repeat the command in some minutes"],
  [/SpotInterruption|TerminationNotice/i, "AWS took the task's machine away: repeat the command"],
];

export const taskRemedy = (reason: string): string | undefined =>
  REMEDIES.find(([pattern]) => pattern.test(reason))?.[1];

/** For what nobody foresaw. */
export const UNKNOWN_REASON = 'The ECS developer guide explains it under "Stopped tasks error messages"';

/** All that ECS says of why a task ended. */
export function stopReason({ stoppedReason, stopCode, containers = [] }: Task): string {
  const reasons = [stoppedReason, ...containers.map(({ reason }) => reason)].filter(Boolean);
  return [...new Set(reasons)].join("; ") || stopCode || "ECS gives no reason";
}

/** The error for a task that ended without a container's exit code. */
export function notStarted(family: string, task: Task): Problem {
  const reason = stopReason(task);
  return new Problem(
    `${family} did not run: ${reason}`,
    taskRemedy(reason) ?? UNKNOWN_REASON,
    EXIT.notStarted,
  );
}
