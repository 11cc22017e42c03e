import { setTimeout } from "node:timers/promises";

/** Time, so that tests need not wait for it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (milliseconds) => setTimeout(milliseconds),
};

/** Seconds between two looks at something under way, and minutes that it may take. */
export interface Patience {
  readonly pollSeconds: number;
  readonly timeoutMinutes: number;
}

/** Asks until there is an answer, and gives `undefined` when the time is over. */
export async function poll<T>(
  clock: Clock,
  { pollSeconds, timeoutMinutes }: Patience,
  look: (elapsedSeconds: number) => Promise<T | undefined>,
): Promise<T | undefined> {
  const started = clock.now();
  const deadline = started + timeoutMinutes * 60_000;
  for (;;) {
    const found = await look(Math.round((clock.now() - started) / 1000));
    if (found !== undefined) return found;
    if (clock.now() >= deadline) return undefined;
    await clock.sleep(pollSeconds * 1000);
  }
}
