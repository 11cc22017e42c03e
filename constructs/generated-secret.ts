import { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import { ref, type TerraformResource, TerraformStack, Token } from "cdktf";
import { Construct } from "constructs";
import { type Deployment, stateful } from "./deployment.ts";
import { checkedName } from "./names.ts";

/** A secret's value for a container: the whole string or one key of its JSON, pinned to a version or not. */
export interface SecretValue {
  /** Secret that the execution role must be allowed to read. */
  readonly secretArn: string;
  /** `valueFrom` of an ECS container secret: `arn[:json-key:version-stage:version-id]`. */
  readonly valueFrom: string;
  /** Resource that writes the value, if `valueFrom` does not refer to it. @default - the value exists */
  readonly writtenBy?: TerraformResource;
}

/**
 * @param key key in the secret's JSON; by default the whole string
 * @param versionId pins one version, so that a new value makes a new task definition and rolls its service
 */
export const secretValue = (secretArn: string, { key = "", versionId = "" } = {}): SecretValue => ({
  secretArn,
  valueFrom: key || versionId ? `${secretArn}:${key}::${versionId}` : secretArn,
});

export interface SecretProps {
  readonly deployment: Deployment;
  /** Whole name of the secret. */
  readonly name: string;
  /** Who reads it and why. Operators see it in the console. */
  readonly description: string;
}

/** A secret without a value. Production keeps it for 30 days after deletion; elsewhere its name is free at once. */
export class Secret extends SecretsmanagerSecret {
  constructor(scope: Construct, id: string, { deployment, name, description }: SecretProps) {
    super(scope, id, {
      name,
      description,
      recoveryWindowInDays: deployment.protectData ? 30 : 0,
      tags: deployment.tags,
      ...stateful(deployment),
    });
    checkedName(this, "secret", name);
  }
}

/** A value in a secret that exists already. */
export interface ExistingValue {
  /** Whole ARN of the secret. */
  readonly secretArn: string;
  /** Path in its YAML or JSON, such as `database.args.password`. @default - the whole text */
  readonly key?: string;
}

export interface GeneratedSecretProps extends SecretProps {
  /** Length of the random string. */
  readonly length: number;
  /** Raise it by one to generate a new value at the next apply; every other secret keeps its own. */
  readonly version: number;
  /** Characters beside letters and digits. @default - none */
  readonly specialCharacters?: string;
  /** The value to store in place of a random string, from a system that ran before. @default - a random string */
  readonly existing?: ExistingValue;
  /** Makes the stored value from a reference to that string. @default - the string itself */
  readonly value?: (random: string) => string;
}

/**
 * A secret whose value Terraform generates, or takes over from another secret, and does not store: an ephemeral value in
 * a write-only argument is in no plan and no state.
 */
export class GeneratedSecret extends Construct {
  readonly arn: string;
  /** The secret version that holds the current value; changes with `version`. */
  readonly versionId: string;

  constructor(scope: Construct, id: string, props: GeneratedSecretProps) {
    super(scope, id);
    const { version, value = (text) => text } = props;
    const secret = new Secret(this, "Default", props);
    const current = new SecretsmanagerSecretVersion(this, "version", {
      secretId: secret.id,
      secretStringWo: value(this.ephemeral(secret.friendlyUniqueId, props)),
      secretStringWoVersion: version,
      // The previous value keeps its label AWSPREVIOUS, so that a service that rolls back still starts.
      lifecycle: { createBeforeDestroy: true },
    });
    this.arn = secret.arn;
    this.versionId = current.versionId;
  }

  /** A reference to the text to store. CDKTF has no class for ephemeral resources, so this writes the block itself. */
  private ephemeral(
    name: string,
    { existing, length, specialCharacters = "" }: GeneratedSecretProps,
  ): string {
    const stack = TerraformStack.of(this);
    if (existing) {
      const { secretArn, key } = existing;
      stack.addOverride(`ephemeral.aws_secretsmanager_secret_version.${name}`, { secret_id: secretArn });
      const text = `ephemeral.aws_secretsmanager_secret_version.${name}.secret_string`;
      const index = (key?.split(".") ?? []).map((part) => `[${JSON.stringify(part)}]`).join("");
      return Token.asString(ref(`trimspace(${index ? `yamldecode(${text})${index}` : text})`));
    }
    stack.addOverride(`ephemeral.random_password.${name}`, {
      length,
      special: specialCharacters !== "",
      ...(specialCharacters && { override_special: specialCharacters }),
    });
    return Token.asString(ref(`ephemeral.random_password.${name}.result`));
  }

  /** The value for a container, pinned to the current version. */
  read(key = ""): SecretValue {
    return secretValue(this.arn, { key, versionId: this.versionId });
  }
}
