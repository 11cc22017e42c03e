import { spawn } from "node:child_process";
import { connect } from "node:net";
import { freePort } from "../local/free-port.ts";

/** Moto's server, from PyPI: it behaves as Cognito and other services of AWS. */
export const motoServer = process.env["MOTO_SERVER"] ?? ".tools/moto/bin/moto_server";

export interface Moto {
  readonly port: number;
  readonly url: string;
  stop(): void;
}

export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const child = spawn(motoServer, ["-H", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
  const deadline = performance.now() + 60_000;
  while (!(await answers(port))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      child.kill();
      throw new Error(`${motoServer} did not start`);
    }
    await new Promise((done) => setTimeout(done, 50));
  }
  return { port, url: `http://127.0.0.1:${port}`, stop: () => child.kill() };
}

const answers = (port: number) =>
  new Promise<boolean>((done) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      done(true);
    });
    socket.on("error", () => done(false));
  });
