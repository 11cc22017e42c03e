import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { describeWithSynapse } from "../../../test/describe-with-synapse.ts";
import { withMessage } from "../../../test/jest/with-message.ts";
import { account, matrix, register } from "../../../test/matrix.ts";
import { listen } from "../../../tools/servers/listening.ts";
import { type PostgresServer, startPostgres } from "../../../tools/servers/postgres.ts";
import { deploySynapse, type Synapse, type SynapseDeployment } from "../../../tools/servers/synapse.ts";

const preview = "/_matrix/client/v1/media/preview_url?url=";

describeWithSynapse("a homeserver without federation, whose content is inside the network,", () => {
  let postgres: PostgresServer;
  let deployment: SynapseDeployment;
  let synapse: Synapse;
  let connections = 0;
  let port: number;
  const inside = createServer().on("connection", (socket) => {
    connections += 1;
    socket.destroy();
  });

  beforeAll(async () => {
    port = await listen(inside);
    postgres = await startPostgres();
    deployment = await deploySynapse(postgres, {
      contentUrlTemplate: `https://127.0.0.1:${port}/{id}`,
      previewHosts: [`localhost:${port}`],
    });
    synapse = await deployment.start();
  });
  afterAll(async () => {
    await synapse?.stop();
    await deployment?.remove();
    await postgres?.stop();
    inside.close();
  });

  it("does not answer other servers", async () => {
    for (const path of ["/_matrix/federation/v1/version", "/_matrix/key/v2/server"]) {
      expect([path, (await fetch(`${synapse.url}${path}`)).status]).toEqual([path, 404]);
    }
  });

  it("fetches no preview from a private address, even for an allowed host", async () => {
    const user = account(
      await register(synapse.url, deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET, {
        ...{ username: "someone", password: randomUUID() + randomUUID() },
      }),
    );
    for (const host of ["127.0.0.1", "localhost"]) {
      const url = encodeURIComponent(`https://${host}:${port}/secret`);
      const { status } = await matrix(synapse.url, "GET", `${preview}${url}`, { token: user.accessToken });
      withMessage(host, () => expect(status).toBeGreaterThanOrEqual(400));
    }
    expect(connections).toBe(0);
  });

  it("starts while Cognito is unreachable and logs that", () => {
    expect(synapse.output()).toContain("Error while preloading OIDC provider");
  });
});
