import { connect, createServer, type Socket } from "node:net";
import { listen } from "../../tools/servers/listening.ts";

/** Stands between a client and a server on 127.0.0.1, where connections can be disturbed and counted. */
export interface TcpProxy {
  readonly port: number;
  /** Connections made since the start. */
  connections: number;
  /** In which direction data went, neighbours of one direction taken together. */
  readonly turns: ("up" | "down")[];
  /** What happens to new connections: passed on, accepted and left without an answer, or closed at once. */
  mode: "pass" | "silent" | "refuse";
  /** The connections that exist stay open and carry nothing any more. */
  freeze(): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const frozen = new WeakSet<Socket>();
  const proxy = { connections: 0, turns: [] as ("up" | "down")[], mode: "pass" as TcpProxy["mode"] };
  const server = createServer((client) => {
    proxy.connections++;
    sockets.add(client);
    client.on("error", () => {});
    if (proxy.mode === "refuse") return client.destroy();
    if (proxy.mode === "silent") return client.resume();
    const upstream = connect(target, "127.0.0.1");
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
    const forward = (from: Socket, to: Socket, direction: "up" | "down") => {
      from.on("data", (data) => {
        if (frozen.has(from)) return;
        if (proxy.turns.at(-1) !== direction) proxy.turns.push(direction);
        to.write(data);
      });
      from.on("close", () => frozen.has(from) || to.destroy());
    };
    forward(client, upstream, "up");
    forward(upstream, client, "down");
  });
  return Object.assign(proxy, {
    port: await listen(server),
    freeze: () => {
      for (const socket of sockets) frozen.add(socket);
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  });
}
