import {
  CreateSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import * as z from "zod";
import { type Answer, AwsFault, type AwsServer, startAws } from "../servers/aws-api.ts";
import type { SecretVersion } from "./applied.ts";
import { CognitoRefusal, type UserPool } from "./user-pool.ts";

/** Credentials that moto takes; they open nothing. */
export const credentials = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
};

/** A secret's name: moto makes ARNs of its own, with another ending. */
const secretName = (arn: string): string => arn.replace(/^arn:.*:secret:(.*)-[A-Za-z0-9]{6}$/, "$1");

const secretRequest = z.object({
  SecretId: z.string(),
  VersionId: z.string().optional(),
  VersionStage: z.string().optional(),
});

/** Secrets, kept by moto under the ARNs and versions of the applied state. */
export class Secrets {
  readonly #client: SecretsManagerClient;
  readonly #versions = new Map<string, string>();

  constructor(endpoint: string, region: string) {
    this.#client = new SecretsManagerClient({ endpoint, region, credentials });
  }

  /** Writes a version unless it is there. */
  async put({ arn, version, value }: SecretVersion): Promise<void> {
    const name = secretName(arn);
    const known = this.#versions.get(name);
    if (known === version) return;
    this.#versions.set(name, version);
    const secret = { SecretString: value, ClientRequestToken: version };
    await (known === undefined
      ? this.#client.send(new CreateSecretCommand({ Name: name, ...secret }))
      : this.#client.send(new PutSecretValueCommand({ SecretId: name, ...secret })));
  }

  /** GetSecretValue. */
  readonly get: Answer = async (input) => {
    const { SecretId, ...rest } = secretRequest.parse(input);
    try {
      const { SecretString, VersionId, VersionStages, Name } = await this.#client.send(
        new GetSecretValueCommand({ SecretId: secretName(SecretId), ...rest }),
      );
      return { ARN: SecretId, Name, SecretString, VersionId, VersionStages };
    } catch (error) {
      throw new AwsFault(
        error instanceof Error ? error.name : "InternalServiceError",
        "Secrets Manager can't find the specified secret.",
      );
    }
  };
}

/** The AWS APIs of the stage, for programs of this machine and its containers: moto, and what it lacks. */
export async function startAwsEndpoint(moto: string, secrets: Secrets, pool: UserPool): Promise<AwsServer> {
  const aws = await startAws(moto);
  aws.answers["GetSecretValue"] = secrets.get;
  aws.answers["InitiateAuth"] = async (input) => {
    try {
      return await pool.initiateAuth(input);
    } catch (error) {
      if (error instanceof CognitoRefusal) throw new AwsFault(error.name, error.message);
      throw error;
    }
  };
  return aws;
}
