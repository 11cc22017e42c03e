import { fork } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import * as z from "zod";
import { lambdaBundle } from "../build/bundle-options.ts";
import { tools } from "../setup/tools.ts";

const logLine = z.looseObject({ timestamp: z.iso.datetime(), level: z.enum(["INFO", "WARN", "ERROR"]) });
type LogLine = z.infer<typeof logLine>;

const answer = z.object({ id: z.string(), result: z.unknown(), error: z.optional(z.string()) });

/** A handler's bundle in a Node process of its own, invoked as often as one likes, as on Lambda. */
export interface LambdaProcess {
  /** @throws Error where the handler threw */
  invoke(event: unknown): Promise<unknown>;
  /** What the process wrote to standard output, parsed; a line that is not JSON fails the test. */
  readonly logs: LogLine[];
  /** The same as it was written. */
  readonly output: string[];
  stop(): Promise<void>;
}

export interface Bundle {
  readonly file: string;
  remove(): Promise<void>;
}

/** Builds the bundle that is deployed. */
export async function bundle(name: string): Promise<Bundle> {
  const directory = await mkdtemp(join(tmpdir(), "phenom-lambda-"));
  const file = join(directory, "index.js");
  // As on Lambda: no package.json of a folder above decides how Node.js reads the bundle.
  await writeFile(join(directory, "package.json"), "{}");
  await build({
    ...lambdaBundle,
    entryPoints: [`lambdas/${name}/handler.ts`],
    outfile: file,
  });
  return { file, remove: () => rm(directory, { recursive: true }) };
}

/** Credentials and region as Lambda gives them; they open nothing. */
export const lambdaEnvironment = {
  AWS_REGION: "us-east-1",
  AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  AWS_SESSION_TOKEN: "session-token-example",
};

/**
 * Starts a bundle with only the given environment, in the Node.js of the Lambda runtime, or in this one where
 * that is not installed.
 */
export function startLambda(file: string, environment: Record<string, string> = {}): LambdaProcess {
  // Found from the repository's root also where this is bundled into a program that lies elsewhere.
  const child = fork(resolve("tools/servers/lambda-runtime.mjs"), [file], {
    execPath: tools.node22.present() ? tools.node22.path("node") : process.execPath,
    execArgv: [],
    env: { ...lambdaEnvironment, ...environment },
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const output: string[] = [];
  const logs: LogLine[] = [];
  const waiting = new Map<string, { resolve(value: unknown): void; reject(error: Error): void }>();
  const written = new Map<string, () => void>();
  if (child.stdout)
    createInterface({ input: child.stdout }).on("line", (line) => {
      // Written by the runtime behind an invocation's own lines, so that those are complete.
      if (line.startsWith("end ")) return written.get(line.slice(4))?.();
      output.push(line);
      logs.push(logLine.parse(JSON.parse(line)));
    });
  child.on("message", (message) => {
    const { id, result, error } = answer.parse(message);
    if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(error));
    waiting.delete(id);
  });
  void exited.then(() => {
    for (const { reject } of waiting.values()) reject(new Error("the Lambda process ended"));
  });

  let count = 0;
  return {
    logs,
    output,
    async invoke(event) {
      const id = `request-${++count}`;
      const complete = new Promise<void>((resolve) => written.set(id, resolve));
      const result = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }));
      child.send({ id, event });
      try {
        return await result;
      } finally {
        await Promise.race([complete, exited]);
      }
    },
    async stop() {
      child.kill();
      await exited;
    },
  };
}
