/** Settings that all resources of an environment share. The stack makes them and hands them to each module. */
export interface Deployment {
  /** Prefix of every name, such as `phenom-dev`. */
  readonly project: string;
  /** Name of the environment, such as `development`. */
  readonly environment: string;
  /** AWS region, such as `us-east-1`. */
  readonly region: string;
  /** AWS account, a reference that Terraform resolves. */
  readonly accountId: string;
  /** ARN of the policy that limits what any role may do. @default - no limit but the role's own policies */
  readonly permissionsBoundary?: string;
  /** Whether file systems, secrets, Cognito clients and log groups refuse to be destroyed. */
  readonly protectData: boolean;
  /** Customer managed KMS keys of secrets that others own. @default - none */
  readonly secretKmsKeyArns?: string[];
  /** Tags of the module's resources, in addition to the provider's default tags. */
  readonly tags: Readonly<Record<string, string>>;
}

/** The deployment that the stack hands to a module: all its resources carry the module's name. */
export const moduleDeployment = (deployment: Deployment, module: string): Deployment => ({
  ...deployment,
  tags: { ...deployment.tags, Module: module },
});

/** `lifecycle` of a resource whose data can't be restored: Terraform refuses to destroy it where data is protected. */
export const stateful = (deployment: Deployment) =>
  deployment.protectData ? { lifecycle: { preventDestroy: true } } : {};
