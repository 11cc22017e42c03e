import { describeWithSynapse } from "../../test/synapse.ts";
import { contract } from "../testing/contract.ts";
import { startHomeserver } from "../testing/homeserver.ts";
import { synapseBackend } from "./synapse.ts";

describeWithSynapse("Synapse as a backend", () => {
  contract("synapse", async () => {
    const homeserver = await startHomeserver();
    const backend = synapseBackend(homeserver.options);
    return { world: { ...homeserver.world, backend }, stop: homeserver.stop };
  });
});
