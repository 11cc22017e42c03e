import { spawn } from "node:child_process";
import { once } from "node:events";
import { requireTools } from "../setup/require-tools.ts";
import { tools } from "../setup/tools.ts";
import { freePort } from "./free-port.ts";
import { untilListening } from "./listening.ts";

/** Moto's server, from PyPI: it behaves as Cognito and other services of AWS. */
const motoServer = tools.moto.path("server");

export interface Moto {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** @param settings moto's own variables, such as `MOTO_ACM_VALIDATION_WAIT` */
export async function startMoto(settings: Readonly<Record<string, string>> = {}): Promise<Moto> {
  requireTools(tools.moto);
  const port = await freePort();
  const child = spawn(motoServer, ["-H", "127.0.0.1", "-p", String(port)], {
    stdio: "ignore",
    env: { ...process.env, ...settings },
  });
  await untilListening(child, port).catch((error: unknown) => {
    child.kill();
    throw error;
  });
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const ended = once(child, "exit");
      // It keeps nothing, and would otherwise wait for its clients' idle connections.
      if (child.kill("SIGKILL")) await ended;
    },
  };
}
