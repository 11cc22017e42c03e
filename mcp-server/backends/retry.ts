import { BackendUnreachable } from "../chat/error.ts";

/** Repeats work once that may be repeated, when the connection to the backend broke under it. */
export async function retryOnce<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BackendUnreachable) || signal.aborted) throw error;
    return await work();
  }
}
