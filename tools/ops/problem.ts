/** What a script learns from the exit code. Verbs that run a task end with the task's own code where it ended. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** A deployment failed, and the services run what they ran before. */
  rolledBack: 10,
  /** A deployment failed, and so did the way back: somebody has to look. */
  stuck: 11,
  /** A task did not start, so there is no exit code of its own. */
  notStarted: 69,
  /** Waited as long as was allowed; what was waited for may still come. */
  timeout: 75,
  /** No credentials, those of another account, or a right is missing. */
  refused: 77,
  /** The environment was never applied, or its outputs are another version's. */
  notDeployed: 78,
} as const;

/** Something that the operator can put right; the message says what is wrong, the remedy what to do. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly remedy: string;
  readonly exitCode: number;

  constructor(message: string, remedy: string, exitCode: number = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}
