import type { Task } from "@aws-sdk/client-ecs";
import { EXIT, Problem } from "../cli/problem.ts";

/** Reasons that ECS gives for a task that did not start, and the remedy for each. */
const REMEDIES: readonly [RegExp, string][] = [
  [
    /CannotPullContainerError.*(?:not found|manifest unknown|does not exist)/is,
    "The image or its tag is not in the registry: push it, or apply with another tag (TF_VAR_<image>_image_tag)",
  ],
  [
    /CannotPullContainerError.*(?:toomanyrequests|rate limit)/is,
    "Docker Hub's pull limit is reached: wait, or set credentials for pulling (dockerhub_credentials_arn)",
  ],
  [
    /CannotPullContainerError.*(?:denied|unauthorized|authorization)/is,
    "The registry rejects the credentials: check the secret dockerhub_credentials_arn, username and password",
  ],
  [
    /CannotPullContainerError/i,
    "The registry is unreachable: the private subnets need a route to the internet (NAT), the security group egress on port 443",
  ],
  [
    /ResourceInitializationError.*(?:secret|ssm)/is,
    "A secret can't be read: check that it has a value and that the execution role may read it; the subnets need a route to Secrets Manager",
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
    "Something that the task needs is missing: the message names it; apply again",
  ],
  [/OutOfMemory/i, "The task needs more memory: raise services.<name>.memory of the environment, and apply"],
  [/capacity|RESOURCE:/i, "Fargate has no capacity in these zones now: repeat the command in a few minutes"],
  [
    /SpotInterruption|TerminationNotice/i,
    "AWS reclaimed the capacity that the task ran on: repeat the command",
  ],
];

export const taskRemedy = (reason: string): string | undefined =>
  REMEDIES.find(([pattern]) => pattern.test(reason))?.[1];

/** The remedy for any other reason. */
export const UNKNOWN_REASON = 'The ECS developer guide explains it under "Stopped tasks error messages"';

/** Every reason that ECS gives for the end of a task. */
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
