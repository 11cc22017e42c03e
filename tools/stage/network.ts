import { execFileSync } from "node:child_process";

const BRIDGE = "phenom-stage";
const PREFIX = "10.213.7";
/** Address of this machine on the stage's network: everything that is not a task is reached there. */
export const HOST_ADDRESS = `${PREFIX}.1`;
/** Where the ECS agent answers the SDKs that ask for a task's credentials. */
export const CREDENTIALS_ADDRESS = "169.254.170.2";

/** A task's network interface: a network namespace with an address of its own, as in the mode `awsvpc`. */
export interface NetworkInterface {
  readonly address: string;
  /** Path of the network namespace. */
  readonly namespace: string;
  remove(): void;
}

const ip = (...words: readonly string[]) =>
  execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
const namespaceName = (number: number) => `${BRIDGE}-${number}`;

/** The VPC of the stage: one bridge on this machine, reachable from here and from its tasks alone. */
export class Network {
  readonly #used = new Set<number>();

  constructor() {
    removeNetwork();
    ip("link", "add", BRIDGE, "type", "bridge");
    ip("address", "add", `${HOST_ADDRESS}/24`, "dev", BRIDGE);
    ip("address", "add", `${CREDENTIALS_ADDRESS}/32`, "dev", BRIDGE);
    ip("link", "set", BRIDGE, "up");
  }

  /** @throws Error when all 250 addresses are in use */
  addInterface(): NetworkInterface {
    const number = Array.from({ length: 250 }, (_, i) => i + 2).find(
      (candidate) => !this.#used.has(candidate),
    );
    if (number === undefined)
      throw new Error(`The network ${PREFIX}.0/24 has no free address: stop some tasks`);
    this.#used.add(number);
    const name = namespaceName(number);
    const [outside, inside] = [`pcs${number}`, `pci${number}`];
    ip("netns", "add", name);
    ip("link", "add", outside, "type", "veth", "peer", "name", inside);
    ip("link", "set", outside, "master", BRIDGE, "up");
    ip("link", "set", inside, "netns", name);
    const within = (...words: string[]) => ip("-netns", name, ...words);
    within("link", "set", "lo", "up");
    within("address", "add", `${PREFIX}.${number}/24`, "dev", inside);
    within("link", "set", inside, "up");
    within("route", "add", `${CREDENTIALS_ADDRESS}/32`, "dev", inside);
    return {
      address: `${PREFIX}.${number}`,
      namespace: `/run/netns/${name}`,
      remove: () => {
        ip("netns", "delete", name);
        this.#used.delete(number);
      },
    };
  }

  remove(): void {
    removeNetwork();
  }
}

/** Removes bridge and namespaces, also those that a stage left behind that was killed. */
export function removeNetwork(): void {
  const namespaces = execFileSync("ip", ["netns", "list"], { encoding: "utf8" });
  for (const [name] of namespaces.matchAll(new RegExp(`^${BRIDGE}-\\d+`, "gm"))) ip("netns", "delete", name);
  if (execFileSync("ip", ["-brief", "link", "show"], { encoding: "utf8" }).includes(`${BRIDGE} `))
    ip("link", "delete", BRIDGE);
}
