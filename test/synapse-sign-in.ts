import { randomUUID } from "node:crypto";
import { afterAll, beforeAll } from "@jest/globals";
import type { HomeserverProps } from "../modules/chat-synapse/homeserver/config.ts";
import { IDENTITY_PROVIDER, MOBILE_REDIRECT } from "../shared/matrix-names.ts";
import type { Cognito, CognitoUser } from "../tools/servers/cognito.ts";
import { type Internet, type Site, startInternet } from "../tools/servers/internet.ts";
import { type PostgresServer, startPostgres } from "../tools/servers/postgres.ts";
import {
  deploySynapse,
  exampleProps,
  type Synapse,
  type SynapseDeployment,
} from "../tools/servers/synapse.ts";
import { exampleCognito } from "../tools/servers/synapse-user-pool.ts";
import { type Account, appSignIn } from "./matrix.ts";

/** What the mobile app asks Synapse for. */
export const mobileApp = { provider: IDENTITY_PROVIDER, redirectUrl: MOBILE_REDIRECT };

/**
 * Inside a suite: a homeserver whose people sign in with Cognito.
 * @param inputs what the homeserver takes beside {@link exampleProps}
 * @param sites public hosts beside Cognito's
 */
export function signInHarness(
  inputs: (cognito: Cognito) => Partial<HomeserverProps> = () => ({}),
  sites: Readonly<Record<string, Site>> = {},
) {
  let postgres: PostgresServer;
  let internet: Internet;
  let cognito: Cognito;
  let deployment: SynapseDeployment;
  let synapse: Synapse;

  beforeAll(async () => {
    const clientSecret = randomUUID();
    cognito = exampleCognito(clientSecret);
    internet = await startInternet({ ...cognito.sites, ...sites });
    postgres = await startPostgres();
    deployment = await deploySynapse(postgres, inputs(cognito), { SYNAPSE_OIDC_CLIENT_SECRET: clientSecret });
    synapse = await deployment.start({ environment: internet.environment });
  });
  afterAll(async () => {
    await synapse?.stop();
    await deployment?.remove();
    await postgres?.stop();
    await internet?.stop();
  });

  return {
    /** Where the load balancer would send requests. */
    get url() {
      return synapse.url;
    },
    get cognito() {
      return cognito;
    },
    /** Public hosts that Synapse asked for, in order. */
    get asked() {
      return internet.asked;
    },
    /** What Synapse wrote to its log. */
    output: () => synapse.output(),
    get registrationSecret() {
      return deployment.secrets.SYNAPSE_REGISTRATION_SHARED_SECRET;
    },
    /** In the app's browser, up to the access token. */
    byBrowser: (user: CognitoUser): Promise<Account> =>
      appSignIn(synapse.url, exampleProps.serverName, cognito, user, mobileApp),
  };
}
