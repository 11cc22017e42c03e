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

export interface Polling {
  /** Time between two requests. */
  readonly pollSeconds: number;
  /** Time after which waiting ends. */
  readonly timeoutMinutes: number;
}

/** Repeats a request until it returns a result. @returns `undefined` where the time is over */
export async function poll<T>(
  clock: Clock,
  { pollSeconds, timeoutMinutes }: Polling,
  request: (elapsedSeconds: number) => Promise<T | undefined>,
): Promise<T | undefined> {
  const started = clock.now();
  const deadline = started + timeoutMinutes * 60_000;
  for (;;) {
    const result = await request(Math.round((clock.now() - started) / 1000));
    if (result !== undefined) return result;
    if (clock.now() >= deadline) return undefined;
    await clock.sleep(pollSeconds * 1000);
  }
}
