import * as z from "zod";
import { type ImageName, isOnDockerHub, ownImages, tagVariable } from "../../../environments/image-tags.ts";
import { type Finding, failed, finding, passed, request, skipped } from "../checks/check.ts";
import type { PreflightCheck, Subject } from "./check.ts";
import { readSecret } from "./secrets.ts";

/** Docker Hub's registry and the service that gives tokens for it; tests replace both. */
const registry = () => process.env.DOCKER_HUB_REGISTRY_URL ?? "https://registry-1.docker.io";
const authorisation = () => process.env.DOCKER_HUB_AUTH_URL ?? "https://auth.docker.io";

const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");
const token = z.object({ token: z.string() });
const index = z.object({
  manifests: z.array(z.object({ platform: z.object({ os: z.string(), architecture: z.string() }) })),
});

/** Every image on Docker Hub exists for linux/amd64, with the credentials that ECS will use. */
export const dockerHub: PreflightCheck = {
  name: "docker-hub",
  run: (subject) =>
    Promise.all((Object.keys(subject.environment.images) as ImageName[]).map((name) => image(subject, name))),
};

function image({ aws, environment, inputs }: Subject, name: ImageName): Promise<Finding> {
  const { repository, tag: fixed } = environment.images[name];
  const tag = process.env[`TF_VAR_${tagVariable(name)}`] ?? fixed;
  const what = `image ${repository}`;
  const isPrivate = ownImages.includes(name);
  return finding(what, "Check the network: Docker Hub did not answer", async () => {
    if (tag === undefined)
      return skipped(what, "its tag is not known", `Set TF_VAR_${tagVariable(name)} to the release`);
    if (!isOnDockerHub(repository))
      return skipped(what, "it is in another registry", "Check by hand that the tasks may pull it");
    const credentials = await readSecret(aws, inputs.get("dockerhubCredentialsArn"));
    // Official images belong to the user "library".
    const path = repository.includes("/") ? repository : `library/${repository}`;
    const scope = `service=registry.docker.io&scope=repository:${path}:pull`;
    const signIn = await request(`${authorisation()}/token?${scope}`, {
      headers: { authorization: `Basic ${btoa(`${credentials.username}:${credentials.password}`)}` },
    });
    const granted = token.safeParse(signIn.json).data?.token;
    if (!granted)
      return failed(
        what,
        `Docker Hub refuses the credentials: ${signIn.status}`,
        "Write a valid access token into the secret dockerhub_credentials_arn",
      );
    const manifest = await request(`${registry()}/v2/${path}/manifests/${tag}`, {
      headers: { authorization: `Bearer ${granted}`, accept: MANIFESTS },
    });
    const push = isPrivate
      ? "Push it: npm run images, then push it under that tag, for linux/amd64"
      : "Correct its tag in the environment's file";
    if (manifest.status === 429)
      return skipped(what, "Docker Hub's limit of pulls is reached", "Try again in a few hours");
    if (manifest.status !== 200)
      return failed(
        what,
        manifest.status === 404
          ? `there is no tag ${tag}`
          : `the account may not pull ${tag}: Docker Hub answers ${manifest.status}`,
        push,
      );
    const platforms = index.safeParse(manifest.json).data?.manifests.map(({ platform }) => platform);
    return platforms && !platforms.some(({ os, architecture }) => os === "linux" && architecture === "amd64")
      ? failed(what, `${tag} is not built for linux/amd64`, push)
      : passed(what, `${tag}`);
  });
}
