import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as z from "zod";

export interface InsideResult {
  readonly code: number;
  /** stderr, then stdout. */
  readonly output: string;
}

/** Runs a program of this machine with a stage's names in its /etc/hosts. */
export function runInside(
  hostsFile: string,
  command: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<InsideResult> {
  const script = 'mount --bind "$0" /etc/hosts && exec "$@"';
  const args = ["--mount", "--propagation", "private", "sh", "-c", script, hostsFile, ...command];
  const options = { env: { ...process.env, ...environment }, maxBuffer: 1 << 26 };
  return promisify(execFile)("unshare", args, options).then(
    ({ stdout, stderr }) => ({ code: 0, output: stderr + stdout }),
    (error: unknown) => {
      const failed = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() }).safeParse(error);
      if (!failed.success) throw error;
      return { code: failed.data.code, output: failed.data.stderr + failed.data.stdout };
    },
  );
}
