import { connect, createServer, type Socket } from "node:net";
import { listen } from "../../tools/servers/listening.ts";

/** A way to a backend that can be interrupted. */
export interface Way {
  readonly port: number;
  /** Passes everything on and, from now or from the first request that holds `words` on, nothing back. */
  mute(words?: string): void;
  stop(): Promise<void>;
}

/** @param to the backend's port, asked for at each connection */
export async function startProxy(to: () => number): Promise<Way> {
  let muteFrom: string | undefined;
  let mute = false;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(to(), "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    }
    client.on("data", (chunk) => {
      if (muteFrom !== undefined && chunk.includes(muteFrom)) mute = true;
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (!mute) client.write(chunk);
    });
    client.on("error", () => upstream.destroy());
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
    upstream.on("close", () => client.destroy());
  });
  return {
    port: await listen(server),
    mute(words) {
      muteFrom = words;
      mute = words === undefined;
    },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
