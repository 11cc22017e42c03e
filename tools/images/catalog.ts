import { readFileSync } from "node:fs";
import { development } from "../../environments/development.ts";
import { tools } from "../setup/tools.ts";

/** An image that this project builds. */
export interface ImageDefinition {
  readonly name: ImageName;
  /** Repository in the registry, without a tag. */
  readonly repository: string;
  readonly dockerfile: string;
  /** Folder whose files the build sees, less those that its .dockerignore leaves out. */
  readonly context: string;
}

export type ImageName = "mcp" | "synapse";

export const imageNames: readonly ImageName[] = ["mcp", "synapse"];

export const images: Readonly<Record<ImageName, ImageDefinition>> = {
  mcp: {
    name: "mcp",
    repository: development.images.mcp.repository,
    dockerfile: "mcp-server/Dockerfile",
    context: ".",
  },
  synapse: {
    name: "synapse",
    repository: development.images.synapse.repository,
    dockerfile: "modules/chat-synapse/homeserver/image/Dockerfile",
    context: "modules/chat-synapse/homeserver/image",
  },
};

/** A base image as a Dockerfile's FROM names it: `repository:tag`, with `@sha256:…` where it is pinned. */
export interface BaseImage {
  readonly reference: string;
  /** `repository:tag`. */
  readonly tagged: string;
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string | undefined;
}

/** The base images of a Dockerfile, by its FROM instructions. */
export function baseImages({ dockerfile }: ImageDefinition): BaseImage[] {
  const instructions = readFileSync(dockerfile, "utf8").matchAll(/^FROM (\S+)/gm);
  return [...instructions].map(([, reference = ""]) => {
    const [tagged = reference, digest] = reference.split("@", 2);
    return { reference, tagged, digest };
  });
}

/** Version of Node.js in the image, and of the tests of what is deployed. */
export function nodeVersion(): string {
  const { version } = tools.node22;
  if (!version) throw new Error("tools/setup/tools.ts names no version of node22");
  return version;
}

/** Version of Synapse that the image is built from. */
export function synapseVersion(): string {
  const version = baseImages(images.synapse)
    .map(({ tagged }) => /\/synapse:v(\S+)$/.exec(tagged)?.[1])
    .find((found) => found !== undefined);
  if (!version) throw new Error(`${images.synapse.dockerfile} names no version of matrixdotorg/synapse`);
  return version;
}
