import {
  DescribeSecretCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import type { ImportedResource } from "../../../environments/imports.ts";
import type { Context } from "../context.ts";

/** Label of the version of a secret that a task reads which names no version. */
const CURRENT = "AWSCURRENT";

/** A secret that ran before the stack was adopted, and the version that its services read. */
export interface AdoptedSecret {
  readonly arn: string;
  readonly version: string;
}

const idsOf = (imports: readonly ImportedResource[], type: string) =>
  imports.flatMap(({ to, id }) => (to.startsWith(`${type}.`) ? [id] : []));

/** Cluster and names of the services that the stack adopts; `undefined` if it adopts none. */
export function adoptedServices(
  imports: readonly ImportedResource[],
): { readonly cluster: string; readonly names: readonly string[] } | undefined {
  const services = idsOf(imports, "aws_ecs_service").map((id) => id.split("/"));
  const [[cluster] = []] = services;
  return cluster === undefined ? undefined : { cluster, names: services.map(([, name = ""]) => name) };
}

/** The adopted secrets as they are now: the deployment writes new versions, which the old services can't read. */
export function adoptedSecrets(
  { aws }: Context,
  imports: readonly ImportedResource[],
): Promise<AdoptedSecret[]> {
  return Promise.all(
    idsOf(imports, "aws_secretsmanager_secret").map(async (arn) => ({
      arn,
      version: await currentVersion(aws.secrets, arn),
    })),
  );
}

/** Makes the versions current again that the old services read. Terraform's own versions stay. */
export async function restoreSecrets(
  { aws, report }: Context,
  secrets: readonly AdoptedSecret[],
): Promise<void> {
  for (const { arn, version } of secrets) {
    const now = await currentVersion(aws.secrets, arn);
    if (now === version) continue;
    report.progress(`${arn}: back to the version from before`);
    await aws.secrets.send(
      new UpdateSecretVersionStageCommand({
        SecretId: arn,
        VersionStage: CURRENT,
        MoveToVersionId: version,
        RemoveFromVersionId: now,
      }),
    );
  }
}

async function currentVersion(client: SecretsManagerClient, SecretId: string): Promise<string> {
  const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId }));
  return Object.keys(VersionIdsToStages).find((id) => VersionIdsToStages[id]?.includes(CURRENT)) ?? "";
}
