import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { freePort } from "./synapse.ts";

/** Moto's server, from PyPI: an emulator of AWS. */
export const MOTO = process.env["MOTO_SERVER"] ?? ".tools/moto/bin/moto_server";
const START_MS = 60_000;

export interface Moto {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts moto on a free port of loopback, with nothing in it. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(MOTO, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const deadline = Date.now() + START_MS;
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`${MOTO} ended with ${child.exitCode}`);
    if (Date.now() > deadline) throw new Error(`${MOTO} did not answer within ${START_MS / 1000} seconds`);
    await setTimeout(100);
  }
  return {
    url,
    async stop() {
      child.kill();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

const answers = (url: string) =>
  fetch(`${url}/moto-api/`).then(
    ({ ok }) => ok,
    () => false,
  );
