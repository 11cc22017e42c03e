/** Exit codes of every command. Those above 2 are of `npm run ops` alone, and most are those of sysexits.h. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** A deployment failed, and the services run what they ran before. */
  rolledBack: 10,
  /** A deployment failed, and so did its rollback: somebody has to look. */
  stuck: 11,
  /** A task did not start, so it has no exit code of its own. */
  notStarted: 69,
  /** The time limit is over; what was waited for may still come. */
  timeout: 75,
  /** There are no credentials, they are of another account, or they lack a permission. */
  refused: 77,
  /** The environment was never applied, or by another version of the code. */
  notDeployed: 78,
} as const;

/** An error that the user can correct: the message says what is wrong, the remedy what to do about it. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly remedy: string;
  readonly exitCode: number;

  /** @param remedy left out where the message holds it */
  constructor(message: string, remedy = "", exitCode: number = EXIT.failed, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }

  /** The text that a command prints. */
  get text(): string {
    return this.remedy ? `${this.message}\n${this.remedy}` : this.message;
  }
}
