/** What a one-shot ECS task runs: `command` of a stock image, and the variables that the command reads. */
export interface TaskContainer {
  readonly command: string[];
  /** Names of the environment variables that must be set; values and secrets are the caller's business. */
  readonly environment: string[];
}
