import { createHmac } from "node:crypto";

/** An app client of a Cognito user pool that has a secret. */
export interface ConfidentialClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** The `SECRET_HASH` that Cognito demands with each request of a confidential client. */
export const secretHash = ({ clientId, clientSecret }: ConfidentialClient, username: string): string =>
  createHmac("sha256", clientSecret)
    .update(username + clientId)
    .digest("base64");
