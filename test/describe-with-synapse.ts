import { describeWith } from "./jest/describe-if.ts";

/** A suite that needs a real Synapse. */
export function describeWithSynapse(name: string, suite: () => void): void {
  describeWith("synapse")(name, suite);
}
