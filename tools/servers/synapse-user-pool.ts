import { type Cognito, createCognito } from "./cognito.ts";
import { exampleProps } from "./synapse.ts";

/** The app's own client of the user pool. */
export const mobileClientId = "mobile1example";

/**
 * The user pool of {@link exampleProps}, with Synapse's client.
 * @param clientSecret for sign-in by browser
 */
export function exampleCognito(clientSecret = "unused"): Cognito {
  const { region, userPoolId, cognitoDomainHost, oidcClientId, serverName } = exampleProps;
  return createCognito({
    ...{ region, userPoolId, domainHost: cognitoDomainHost, clientId: oidcClientId, clientSecret },
    callbackUrl: `https://${serverName}/_synapse/client/oidc/callback`,
  });
}
