import type { SecretsmanagerSecretVersion } from "@cdktf/provider-aws/lib/secretsmanager-secret-version";
import type { ITerraformDependable } from "cdktf";
import { yamlencode } from "../../../constructs/encode.ts";
import type { Secret, SecretValue } from "../../../constructs/generated-secret.ts";
import { secretValue } from "../../../constructs/generated-secret.ts";
import type { MediaStore } from "../media/store.ts";
import type { ChatSynapseProps } from "../props.ts";
import type { SynapseSecrets } from "../secrets.ts";
import { containerPaths, SYNAPSE_PORT } from "./container.ts";
import { logConfig } from "./log-config.ts";

/** What the main process and the workers share: image, configuration and secrets. */
export interface SynapseProcess {
  readonly props: ChatSynapseProps;
  readonly securityGroupId: string;
  readonly secrets: SynapseSecrets;
  readonly config: Secret;
  readonly configVersion: SecretsmanagerSecretVersion;
  readonly media: MediaStore;
  /** Security group rules that every process needs, whether or not it serves media. */
  readonly rules: readonly ITerraformDependable[];
}

/**
 * Props of a service that runs Synapse.
 *
 * @param hasMedia whether the process serves media: only then it mounts the store
 * @param workerYaml a worker's own configuration; without it, the main process runs
 */
export function synapseService(
  { props, securityGroupId, secrets, config, configVersion, media, rules }: SynapseProcess,
  { hasMedia, workerYaml }: { hasMedia: boolean; workerYaml?: string },
) {
  const { deployment, clusterArn, network, images, cognito } = props;
  const files: Record<string, SecretValue> = {
    SYNAPSE_CONFIG_YAML: secretValue(config.arn, { versionId: configVersion.versionId }),
    SYNAPSE_DATABASE_PASSWORD: secrets.databasePassword.read(),
    SYNAPSE_FORM_SECRET: secrets.formSecret.read(),
    SYNAPSE_MACAROON_SECRET_KEY: secrets.macaroonSecretKey.read(),
    SYNAPSE_OIDC_CLIENT_SECRET: cognito.clientSecret,
    SYNAPSE_REGISTRATION_SHARED_SECRET: secrets.registrationSharedSecret.read(),
    SYNAPSE_SIGNING_KEY: secrets.signingKey.read(),
    ...(secrets.replicationSecret && { SYNAPSE_REPLICATION_SECRET: secrets.replicationSecret.read() }),
  };
  return {
    deployment,
    clusterArn,
    network,
    securityGroupIds: [securityGroupId],
    container: {
      image: images.synapse,
      // People chat on while CloudWatch Logs is down; lines about their requests are no records.
      logMode: "non-blocking" as const,
      port: SYNAPSE_PORT,
      environment: {
        SYNAPSE_LOG_CONFIG_YAML: yamlencode(logConfig()),
        ...(workerYaml && { SYNAPSE_WORKER_YAML: workerYaml }),
      },
      secrets: files,
      mounts: { ...(hasMedia && { media: containerPaths.media }), run: containerPaths.run },
      stopTimeout: 60,
    },
    volumes: [...(hasMedia ? [media.volume("media")] : []), { name: "run" }],
    health: { path: "/health", probe: ["curl", "-fsS", "-o", "/dev/null"], startPeriod: 60 },
    // Two processes with the same name must never run on one database.
    replacement: "stop-first" as const,
    taskPolicy: hasMedia ? [media.mountPolicy] : [],
    startsAfter: [...rules, ...(hasMedia ? media.dependencies : [])],
  };
}

/** Seconds. The old task stops before the new one starts, so every second of draining is downtime. */
export const DEREGISTRATION_DELAY = 10;
