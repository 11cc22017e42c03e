import { Construct } from "constructs";
import type { Deployment } from "../../constructs/deployment.ts";
import { jsonencode } from "../../constructs/encode.ts";
import { type ExistingValue, GeneratedSecret } from "../../constructs/generated-secret.ts";
import { BOTS, signingKeyId } from "../../shared/matrix-names.ts";

/** Version of each generated value: raise one to generate that value again. */
export interface SynapseSecretVersions {
  readonly registrationSharedSecret: number;
  readonly macaroonSecretKey: number;
  readonly formSecret: number;
  readonly signingKey: number;
  readonly databasePassword: number;
  readonly botPassword: number;
  readonly adminBotPassword: number;
  readonly replicationSecret: number;
}

/** Values of a homeserver that ran before, to keep in place of generated ones. */
export type SynapseTakeOver = { readonly [Secret in keyof SynapseSecretVersions]?: ExistingValue };

/** Secrets of Synapse and its two bots, generated once and stored outside the Terraform state. */
export class SynapseSecrets extends Construct {
  readonly registrationSharedSecret: GeneratedSecret;
  readonly macaroonSecretKey: GeneratedSecret;
  readonly formSecret: GeneratedSecret;
  readonly signingKey: GeneratedSecret;
  readonly databasePassword: GeneratedSecret;
  /** JSON with `username` and `password` of the account that the MCP server uses. */
  readonly bot: GeneratedSecret;
  /** JSON with `username` and `password` of the server administrator that bootstrap makes. */
  readonly adminBot: GeneratedSecret;
  /** `undefined` without workers. */
  readonly replicationSecret: GeneratedSecret | undefined;

  constructor(
    scope: Construct,
    id: string,
    deployment: Deployment,
    versions: SynapseSecretVersions,
    { workers, takeOver = {} }: { workers: boolean; takeOver?: SynapseTakeOver },
  ) {
    super(scope, id);
    const prefix = `${deployment.project}-${deployment.environment}-chat-synapse`;
    const existing = (secret: keyof SynapseTakeOver) => {
      const value = takeOver[secret];
      return value && { existing: value };
    };
    const random = (
      id: string,
      name: string,
      description: string,
      secret: keyof SynapseSecretVersions,
      length = 64,
    ) =>
      new GeneratedSecret(this, id, {
        deployment,
        name: `${prefix}-${name}`,
        description,
        length,
        version: versions[secret],
        ...existing(secret),
      });
    const account = (
      id: string,
      name: string,
      description: string,
      username: string,
      secret: keyof SynapseSecretVersions,
    ) =>
      new GeneratedSecret(this, id, {
        deployment,
        name: `${prefix}-${name}`,
        description,
        length: 40,
        version: versions[secret],
        ...existing(secret),
        value: (password) => jsonencode({ username, password }),
      });

    this.registrationSharedSecret = random(
      "registration-shared-secret",
      "registration",
      "Registers Synapse accounts, administrators too: bootstrap uses it",
      "registrationSharedSecret",
    );
    this.macaroonSecretKey = random(
      "macaroon-secret-key",
      "macaroon",
      "Signs Synapse's short-lived login tokens; a new value ends logins under way",
      "macaroonSecretKey",
    );
    this.formSecret = random("form-secret", "form", "Signs Synapse's forms against forgery", "formSecret");
    this.signingKey = new GeneratedSecret(this, "signing-key", {
      deployment,
      name: `${prefix}-signing-key`,
      description: "The homeserver's identity: keep it for as long as the server name lives",
      // A seed of 32 bytes is 43 characters of base64. The last one carries only four bits, so A is always valid.
      length: 42,
      specialCharacters: "+/",
      version: versions.signingKey,
      ...existing("signingKey"),
      // A key that is taken over is the whole line of Synapse's key file already.
      ...(!takeOver.signingKey && {
        value: (seed) => `ed25519 ${signingKeyId(versions.signingKey)} ${seed}A`,
      }),
    });
    this.databasePassword = random(
      "database-password",
      "database",
      "Synapse's own database role; the database setup task sets it",
      "databasePassword",
      40,
    );
    this.bot = account("bot", "bot", "Matrix account of the MCP server", BOTS.mcp, "botPassword");
    this.adminBot = account(
      "admin-bot",
      "admin-bot",
      "Matrix account that bootstrap administers the server with",
      BOTS.admin,
      "adminBotPassword",
    );
    this.replicationSecret = workers
      ? random(
          "replication-secret",
          "replication",
          "Synapse's processes know each other by it",
          "replicationSecret",
        )
      : undefined;
  }
}
