import { EcrLifecyclePolicy } from "@cdktf/provider-aws/lib/ecr-lifecycle-policy";
import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import { Construct } from "constructs";
import type { Deployment } from "./deployment.ts";
import { jsonencode } from "./encode.ts";
import type { PolicyStatement } from "./iam-policy.ts";

export interface ImageRepositoryProps {
  readonly deployment: Deployment;
  readonly name: string;
  /** Images that are kept; the oldest go first. */
  readonly keep: number;
}

/** Repository of images: scanned when they are pushed, and a tag never names another image. */
export class ImageRepository extends Construct {
  readonly url: string;
  readonly arn: string;

  constructor(scope: Construct, id: string, { deployment, name, keep }: ImageRepositoryProps) {
    super(scope, id);
    const repository = new EcrRepository(this, "Default", {
      name,
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfiguration: [{ encryptionType: "AES256" }],
      forceDelete: !deployment.protectData,
      tags: deployment.tags,
    });
    new EcrLifecyclePolicy(this, "retention", {
      repository: repository.name,
      policy: jsonencode({
        rules: [
          {
            rulePriority: 1,
            description: `Keeps ${keep} images`,
            selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber: keep },
            action: { type: "expire" },
          },
        ],
      }),
    });
    this.url = repository.repositoryUrl;
    this.arn = repository.arn;
  }
}

/** IAM statements that allow pulling images of these repositories. */
export const pullImages = (repositories: readonly ImageRepository[]): PolicyStatement[] => [
  { Sid: "SignInToRegistry", Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
  {
    Sid: "PullImages",
    Effect: "Allow",
    Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    Resource: repositories.map(({ arn }) => arn),
  },
];
