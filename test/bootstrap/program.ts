import { spawn } from "node:child_process";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as z from "zod";
import { IMAGE_PROGRAMS_FOLDER } from "../../tools/build/bundle-options.ts";

/** How a run ended and what it printed. */
export interface Run {
  readonly code: number | null;
  readonly lines: string[];
  readonly errors: string;
}

export interface Program {
  /** Runs it with these variables and no others; kills it when `end` comes. */
  run(environment: Readonly<Record<string, string>>, end?: Promise<void>): Promise<Run>;
  remove(): Promise<void>;
}

/** The program as the image holds it. */
export async function bundleProgram(): Promise<Program> {
  const folder = await mkdtemp(join(tmpdir(), "phenom-bootstrap-"));
  const outfile = join(folder, "bootstrap.mjs");
  await copyFile(join(IMAGE_PROGRAMS_FOLDER, "bootstrap.mjs"), outfile);
  return {
    run: (environment, end) =>
      new Promise((done) => {
        // The AWS SDK warns of versions of Node.js to come.
        const child = spawn(process.execPath, [outfile], { env: { NODE_NO_WARNINGS: "1", ...environment } });
        void end?.then(() => child.kill("SIGKILL"));
        const [out, errors]: [string[], string[]] = [[], []];
        child.stdout.on("data", (chunk) => out.push(String(chunk)));
        child.stderr.on("data", (chunk) => errors.push(String(chunk)));
        child.once("close", (code) =>
          done({ code, lines: out.join("").trimEnd().split("\n"), errors: errors.join("") }),
        );
      }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const lastLine = z.object({
  rooms: z.object({ internal: z.string(), partners: z.string(), community: z.string() }),
});

/** The rooms' ids, with which a run ends. */
export const roomsOf = ({ lines }: Run) => lastLine.parse(JSON.parse(lines.at(-1) ?? "")).rooms;

/** The lines that tell of a change. */
export const changed = ({ lines }: Run): string[] => lines.filter((line) => line.startsWith("changed"));
