import { TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import type { ContainerImage } from "../../constructs/fargate-task.ts";
import {
  FLOATING_TAG_RULE,
  floatingTags,
  IMAGE_TAG_PATTERN,
  IMAGE_TAG_RULE,
  type ImageName,
  isOnDockerHub,
  tagVariable,
} from "../../environments/image-tags.ts";
import type { Environment } from "../../environments/schema.ts";

export type Images = Readonly<Record<ImageName, ContainerImage>>;

/** The images, each with its tag in a Terraform variable: the pipeline deploys a build by setting it. */
export function images(scope: Construct, environment: Environment, credentialsArn: string): Images {
  const image = (name: ImageName): ContainerImage => {
    const { repository, tag } = environment.images[name];
    const variable = tagVariable(name);
    const value = new TerraformVariable(scope, variable, {
      type: "string",
      nullable: false,
      description: `Tag of ${repository}`,
      ...(tag && { default: tag }),
      validation: [
        {
          condition: `\${can(regex("${IMAGE_TAG_PATTERN}", var.${variable}))}`,
          errorMessage: `${variable} ${IMAGE_TAG_RULE}.`,
        },
        ...(environment.production
          ? [
              {
                condition: `\${!contains(${JSON.stringify(floatingTags)}, var.${variable})}`,
                errorMessage: `${variable} ${FLOATING_TAG_RULE}.`,
              },
            ]
          : []),
      ],
    });
    return {
      uri: `${repository}:${value.stringValue}`,
      ...(isOnDockerHub(repository) && { credentialsArn }),
    };
  };
  return {
    synapse: image("synapse"),
    synapseAdmin: image("synapseAdmin"),
    mcp: image("mcp"),
    postgres: image("postgres"),
    curl: image("curl"),
  };
}
