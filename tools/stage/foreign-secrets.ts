import { randomBytes, randomUUID } from "node:crypto";
import type { SecretVersion } from "./applied.ts";
import { AGENT, type Person } from "./people.ts";
import type { StageInputs } from "./values.ts";

/** The secrets of whoever owns database, Hasura and accounts, which Terraform only names. */
export function foreignSecrets(
  { rds_master_secret_arn, hasura_admin_secret_arn, agent_secret_arn }: StageInputs,
  people: readonly Person[],
  master: { readonly user: string; readonly password: string },
): SecretVersion[] {
  const agent = people.find(({ username }) => username === AGENT);
  const account = { AGENT_USERNAME: agent?.username, AGENT_PASSWORD: agent?.password };
  const values: readonly (readonly [arn: string, value: string])[] = [
    [rds_master_secret_arn, JSON.stringify({ username: master.user, password: master.password })],
    [hasura_admin_secret_arn, randomBytes(16).toString("hex")],
    [agent_secret_arn, JSON.stringify(account)],
  ];
  return values.map(([arn, value]) => ({ arn, value, version: randomUUID() }));
}
