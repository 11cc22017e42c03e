import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { buffer } from "node:stream/consumers";

/** Terraform puts the settings of `…_override` files in place of the configuration's own. */
const OVERRIDE = "terraform_offline_override.tf.json";

/**
 * Keeps Terraform's state in memory, behind Terraform's own HTTP backend: into a file Terraform writes the whole state
 * after each resource, which is half the time of an apply.
 */
export class StateStore {
  private readonly server = createServer((request, response) => this.answer(request, response));
  private state: Buffer | undefined;

  static async start(): Promise<StateStore> {
    const store = new StateStore();
    await once(store.server.listen(0, "127.0.0.1"), "listening");
    return store;
  }

  /** Makes a configuration keep its state here, in place of any backend that it names. */
  serve(folder: string): void {
    const { port } = this.server.address() as AddressInfo;
    useBackend(folder, { http: { address: `http://127.0.0.1:${port}/` } });
  }

  /** The state as Terraform keeps it, undefined before the first apply. */
  read(): string | undefined {
    return this.state?.toString();
  }

  /** Puts another state in its place, as if what exists had been changed by hand. */
  replace(state: string): void {
    this.state = Buffer.from(state);
  }

  /** Leaves the state in a file of the configuration's folder, for whoever goes on there. */
  leave(folder: string): void {
    useBackend(folder, { local: {} });
    if (this.state) writeFileSync(path.join(folder, "terraform.tfstate"), this.state);
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, "close");
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === "GET") {
      response.writeHead(this.state ? 200 : 404).end(this.state);
      return;
    }
    const body = await buffer(request);
    this.state = request.method === "DELETE" ? undefined : body;
    response.writeHead(200).end();
  }
}

function useBackend(folder: string, backend: Readonly<Record<string, unknown>>): void {
  writeFileSync(path.join(folder, OVERRIDE), JSON.stringify({ terraform: { backend } }));
}
