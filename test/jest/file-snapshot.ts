import { readFile } from "node:fs/promises";
import { expect } from "@jest/globals";
import { withMessage } from "./with-message.ts";

/** Fails if `file`, which `npm run docs` writes, is not what its generator gives. */
export async function expectUpToDate(file: string, generated: string): Promise<void> {
  const written = await readFile(file, "utf8").catch(() => undefined);
  withMessage(`${file} is out of date: run npm run docs`, () => expect(written).toBe(generated));
}
