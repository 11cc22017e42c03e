import { BackendUnreachable } from "../chat/error.ts";

/** Repeats idempotent work once, if the connection to the backend broke. */
export async function retryOnce<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BackendUnreachable) || signal.aborted) throw error;
    return await work();
  }
}
