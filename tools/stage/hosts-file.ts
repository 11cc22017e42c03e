import { writeFileSync } from "node:fs";
import type { Network } from "./network.ts";

/** The names of a stage. Its file is rewritten in place, because it is mounted into every container. */
export class HostsFile {
  readonly path: string;
  readonly #network: Network;
  readonly #onHost: string[];
  readonly #discovered = new Map<string, readonly string[]>();
  #sites: readonly string[] = [];

  /** @param onHost names of servers at this machine's address in the VPC */
  constructor(path: string, network: Network, onHost: readonly string[]) {
    this.path = path;
    this.#network = network;
    this.#onHost = [...onHost];
    this.#write();
  }

  /** Adds a server at this machine's address in the VPC. @returns whether it is new */
  addOnHost(name: string): boolean {
    if (this.#onHost.includes(name)) return false;
    this.#onHost.push(name);
    this.#write();
    return true;
  }

  /** Names of sites outside the VPC. */
  set sites(names: readonly string[]) {
    this.#sites = names;
    this.#write();
  }

  /** Addresses of a Cloud Map name, in place of those before. */
  discover(name: string, addresses: readonly string[]): void {
    this.#discovered.set(name, addresses);
    this.#write();
  }

  #write(): void {
    const { hostAddress, internetAddress } = this.#network;
    const discovered = [...this.#discovered].flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}`),
    );
    const lines = [
      "127.0.0.1 localhost",
      `${hostAddress} ${this.#onHost.join(" ")}`,
      ...this.#sites.map((name) => `${internetAddress} ${name}`),
      ...discovered,
    ];
    writeFileSync(this.path, `${lines.join("\n")}\n`, { mode: 0o644 });
  }
}
