/** Lets so many pieces of work run at once; the others wait for their turn in order of arrival. */
export class Turns {
  readonly #atOnce: number;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Runs work in its turn, or at once when the signal aborts: then it is expected to end at once. */
  async run<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    if (this.#running < this.#atOnce) this.#running++;
    else await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#running--;
      const [next] = this.#waiting;
      if (this.#running < this.#atOnce) next?.();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const begin = () => {
        this.#waiting.delete(begin);
        signal.removeEventListener("abort", begin);
        this.#running++;
        resolve();
      };
      this.#waiting.add(begin);
      signal.addEventListener("abort", begin);
    });
  }
}
