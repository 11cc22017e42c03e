import { TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import type { ContainerImage } from "../../constructs/fargate-task.ts";
import { type Environment, FLOATING_TAGS } from "../../environments/schema.ts";

type ImageName = keyof Environment["images"];

/** Ours, in a private registry. */
const PRIVATE: readonly ImageName[] = ["synapse", "mcp"];

const snake = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The variable that names the tag of an image. */
export const tagVariable = (name: string) => `${snake(name)}_image_tag`;

/** The images, each with its tag in a Terraform variable: the pipeline deploys a build by setting it. */
export function images(
  scope: Construct,
  environment: Environment,
  credentialsArn: string,
): Record<ImageName, ContainerImage> {
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
          condition: `\${can(regex("^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$", var.${variable}))}`,
          errorMessage: `${variable} must be an image tag: letters, digits, _ . and -, at most 128.`,
        },
        ...(environment.production
          ? [
              {
                condition: `\${!contains(${JSON.stringify(FLOATING_TAGS)}, var.${variable})}`,
                errorMessage: `${variable} names another image tomorrow (${FLOATING_TAGS.join(", ")}): production takes a released version or a commit.`,
              },
            ]
          : []),
      ],
    });
    return {
      uri: `${repository}:${value.stringValue}`,
      ...(PRIVATE.includes(name) && { credentialsArn }),
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
