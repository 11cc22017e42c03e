import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import { type AddressInfo, connect, type Server } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

/** Listens on a free port of loopback. @returns the port */
export async function listen(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Ends a server, and the connections that clients keep. */
export const close = (server: HttpServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/**
 * Waits until a process that was started listens on its port of loopback.
 * @throws Error where it ends before, or 60 seconds pass
 */
export async function untilListening(child: ChildProcess, port: number): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await accepts(port))) {
    if (performance.now() > deadline || child.exitCode !== null)
      throw new Error(`${child.spawnfile} does not listen on port ${port}`);
    await wait(20);
  }
}

const accepts = (port: number) =>
  new Promise<boolean>((done) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      done(true);
    });
    socket.on("error", () => done(false));
  });
