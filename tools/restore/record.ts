import { readFile, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import * as z from "zod";
import type { Rehearsal } from "./rehearsal.ts";

/** What the last rehearsal with `--record` took and found; `npm run docs` writes it to the runbook. */
const RECORD = "docs/restore.json";

const schema = z.object({
  date: z.string(),
  cores: z.number(),
  timings: z.array(z.object({ label: z.string(), seconds: z.number() })),
  findings: z.array(z.string()),
});

export const readRestore = async () => schema.parse(JSON.parse(await readFile(RECORD, "utf8")));

export async function rememberRestore({ timings, findings }: Rehearsal): Promise<void> {
  const value: z.infer<typeof schema> = {
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    timings: timings.map(({ label, seconds }) => ({ label, seconds: Number(seconds.toFixed(1)) })),
    findings: [...findings],
  };
  await writeFile(RECORD, `${JSON.stringify(value, null, 2)}\n`);
}
