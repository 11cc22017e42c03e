import { join } from "node:path";
import { synapseVenv } from "../tools/servers/synapse.ts";
import { describeWith } from "./jest/describe-if.ts";

/** A suite that needs a real Synapse. */
export function describeWithSynapse(name: string, suite: () => void): void {
  describeWith({ synapse: join(synapseVenv, "bin", "synapse_homeserver") })(name, suite);
}
