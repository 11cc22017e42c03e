import { DatabaseError } from "pg";

/** Failures in a row after which the database is left alone. */
const OPENS_AFTER = 3;
/** Time for which it is left alone; then one sign-in tries again. */
const OPEN_MS = 30_000;

/**
 * Keeps a database that does not answer from slowing every sign-in down: after a few failures in a row the database is
 * not asked for half a minute. The schedule makes up for what sign-ins then left out.
 */
export class CircuitBreaker {
  private failures = 0;
  private openUntil = Number.NEGATIVE_INFINITY;
  private readonly now: () => number;

  /** @param now a clock in milliseconds */
  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  get isOpen(): boolean {
    return this.now() < this.openUntil;
  }

  /**
   * Counts the result of `step`. An error that the database itself sent does not count as a failure, because the database
   * is there.
   */
  async run<T>(step: () => Promise<T>): Promise<T> {
    try {
      const result = await step();
      this.failures = 0;
      return result;
    } catch (error) {
      if (error instanceof DatabaseError && error.severity === "ERROR") this.failures = 0;
      else if (++this.failures >= OPENS_AFTER) this.openUntil = this.now() + OPEN_MS;
      throw error;
    }
  }
}
