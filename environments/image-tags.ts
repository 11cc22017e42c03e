import type { Environment } from "./schema.ts";

export type ImageName = keyof Environment["images"];

/** Images that this project builds, in a private registry. A deployment sets their tags to the release or commit. */
export const ownImages: readonly ImageName[] = ["synapse", "mcp"];

/**
 * Whether a repository is on Docker Hub, which counts anonymous pulls by the NAT gateway's address. Its credentials go to no
 * other registry: the name of any other begins with a host, which has a dot, a port or is `localhost`.
 */
export const isOnDockerHub = (repository: string): boolean =>
  !/^(?:[^/]*[.:][^/]*|localhost)\//.test(repository);

/** Regular expression of an image tag, with or without a digest, understood by JavaScript and by Terraform. */
export const IMAGE_TAG_PATTERN = "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}(@sha256:[0-9a-f]{64})?$";
export const IMAGE_TAG_RULE =
  "must be an image tag: letters, digits, _ . and -, at most 128, and @sha256:… behind it where it is pinned";

/** Tags that are moved to newer images. */
export const floatingTags: readonly string[] = ["latest", "testing"];
export const FLOATING_TAG_RULE = `names another image tomorrow (${floatingTags.join(", ")}): production takes a released version or a commit`;

/** Terraform variable that holds the tag of an image, such as `synapse_admin_image_tag`. */
export const tagVariable = (image: ImageName): string =>
  `${image.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_image_tag`;
