import { execFileSync } from "node:child_process";

/** Bridges, network namespaces, cgroups and folders of stages begin with it. */
export const PREFIX = "phenom-stage";

/** A task's network interface: a network namespace with an address of its own, as in the mode `awsvpc`. */
export interface NetworkInterface {
  readonly address: string;
  /** Path of the network namespace. */
  readonly namespace: string;
  remove(): void;
}

const ip = (...words: readonly string[]) =>
  execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Stages that can run at once on one machine. */
export const MAX_STAGES = 32;
const MAX_INTERFACES = 250;

/** The VPC of a stage: one bridge, reachable from this machine and its tasks alone. */
export class Network {
  /** Address of this machine in the VPC: databases and load balancers are there. */
  readonly hostAddress: string;
  /**
   * Address of this machine for whatever is outside the VPC, such as AWS. It is no private one, because Synapse refuses
   * to look at those, and lies in a range that is not routed on the internet.
   */
  readonly internetAddress: string;
  readonly #bridge: string;
  readonly #subnet: string;
  readonly #number: number;
  readonly #used = new Set<number>();

  /** @param number of the stage on this machine; its bridge must not exist */
  constructor(number: number) {
    this.#number = number;
    this.#bridge = `${PREFIX}-${number}`;
    this.#subnet = `10.213.${number}`;
    this.hostAddress = `${this.#subnet}.1`;
    this.internetAddress = `25.213.${number}.1`;
    ip("link", "add", this.#bridge, "type", "bridge");
    ip("address", "add", `${this.hostAddress}/24`, "dev", this.#bridge);
    ip("address", "add", `${this.internetAddress}/32`, "dev", this.#bridge);
    ip("link", "set", this.#bridge, "up");
  }

  /** @throws Error when all addresses are in use */
  addInterface(): NetworkInterface {
    const number = Array.from({ length: MAX_INTERFACES }, (_, i) => i + 2).find(
      (candidate) => !this.#used.has(candidate),
    );
    if (number === undefined)
      throw new Error(`The network ${this.#subnet}.0/24 has no free address: stop some tasks`);
    this.#used.add(number);
    const name = `${this.#bridge}-${number}`;
    const [outside, inside] = [`${outsidePrefix(this.#number)}${number}`, `ps${this.#number}i${number}`];
    ip("netns", "add", name);
    ip("link", "add", outside, "type", "veth", "peer", "name", inside);
    ip("link", "set", outside, "master", this.#bridge, "up");
    ip("link", "set", inside, "netns", name);
    const within = (...words: string[]) => ip("-netns", name, ...words);
    within("link", "set", "lo", "up");
    within("address", "add", `${this.#subnet}.${number}/24`, "dev", inside);
    within("link", "set", inside, "up");
    within("route", "add", `${this.internetAddress}/32`, "dev", inside);
    return {
      address: `${this.#subnet}.${number}`,
      namespace: `/run/netns/${name}`,
      remove: () => {
        // The kernel removes the interfaces of a deleted namespace some time later; the next stage needs their names.
        ip("link", "delete", outside);
        ip("netns", "delete", name);
        this.#used.delete(number);
      },
    };
  }
}

/** Interfaces of this machine that lead to a stage's tasks begin with it. */
const outsidePrefix = (stage: number) => `ps${stage}o`;

/** Removes the bridge, the interfaces and the namespaces of a stage, if there are any. */
export function removeNetwork(number: number): void {
  const bridge = `${PREFIX}-${number}`;
  for (const [, name = ""] of ip("-brief", "link", "show", "type", "veth").matchAll(
    new RegExp(`^(${outsidePrefix(number)}\\d+)\\b`, "gm"),
  ))
    ip("link", "delete", name);
  for (const [, name = ""] of ip("netns", "list").matchAll(new RegExp(`^(${bridge}-\\d+)\\b`, "gm")))
    ip("netns", "delete", name);
  if (bridges().includes(number)) ip("link", "delete", bridge);
}

/** Numbers of the stages whose bridge exists. */
export const bridges = (): number[] =>
  [...ip("-brief", "link", "show", "type", "bridge").matchAll(new RegExp(`^${PREFIX}-(\\d+)\\s`, "gm"))].map(
    ([, number]) => Number(number),
  );
