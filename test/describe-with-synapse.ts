import { join } from "node:path";
import { describe } from "vitest";
import { synapseVenv } from "../tools/servers/synapse.ts";
import { installed } from "./installed.ts";

/** A suite that needs a real Synapse. */
export function describeWithSynapse(name: string, suite: () => void): void {
  describe.runIf(installed(name, join(synapseVenv, "bin", "synapse_homeserver")))(name, suite);
}
