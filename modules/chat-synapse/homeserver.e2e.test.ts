import { afterAll, beforeAll, expect, test } from "vitest";
import { type PostgresServer, startPostgres } from "../../test/postgres.ts";
import {
  deploySynapse,
  describeWithSynapse,
  type Synapse,
  type SynapseDeployment,
} from "../../test/synapse.ts";

describeWithSynapse("a homeserver started by the entrypoint", () => {
  let postgres: PostgresServer;
  let deployment: SynapseDeployment;
  let synapse: Synapse;

  beforeAll(async () => {
    postgres = await startPostgres();
    deployment = await deploySynapse(postgres);
    synapse = await deployment.start();
  });
  afterAll(async () => {
    await synapse?.stop();
    await deployment?.remove();
    await postgres?.stop();
  });

  test("is healthy", async () => {
    console.log(synapse.startMilliseconds, synapse.output());
    expect((await fetch(`${synapse.url}/health`)).status).toBe(200);
    console.log(await (await fetch(`${synapse.url}/_matrix/client/v3/login`)).text());
  });
});
