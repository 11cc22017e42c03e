/** What a one-shot ECS task runs: `command` of a stock image, and the variables that the command reads. */
export interface TaskContainer {
  readonly command: string[];
  /** Names of the environment variables that must be set; values and secrets are the caller's business. */
  readonly environment: string[];
}

/** ECS refuses a task definition above 64 KiB ("Task definition size", Amazon ECS service quotas). */
export const taskDefinitionLimitBytes = 64 * 1024;

/** Left for the rest of the definition: names, roles, environment, secrets, log options. */
export const taskDefinitionReserveBytes = 8 * 1024;

/**
 * The bytes that a container's command takes in a task definition, counted as Terraform's `jsonencode`
 * writes it: with `<`, `>` and `&` as six bytes each.
 *
 * @throws Error when the command leaves less than the reserve below ECS's limit
 */
export function checkTaskSize(container: TaskContainer, what: string): number {
  const json = JSON.stringify(container.command);
  const bytes = Buffer.byteLength(json) + 5 * (json.match(/[<>&]/g)?.length ?? 0);
  const allowed = taskDefinitionLimitBytes - taskDefinitionReserveBytes;
  if (bytes > allowed) {
    throw new Error(
      `${what}: the command takes ${bytes} bytes; ECS takes a task definition of ${taskDefinitionLimitBytes}, ` +
        `of which ${taskDefinitionReserveBytes} are kept for the rest, so at most ${allowed}. ` +
        "Run the work from an image that holds its files, or shorten it.",
    );
  }
  return bytes;
}
