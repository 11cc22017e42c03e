import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { version } from "../shared/version.ts";
import { type ImageName, images } from "../tools/images/catalog.ts";
import { chooseEngine, type Engine } from "../tools/images/engine.ts";
import { type LocalImage, openImage } from "../tools/stage/images.ts";

/** Builds images from the working tree, on stand-ins of their bases; fast where a build had the same files. */
async function build(...options: readonly string[]): Promise<Engine> {
  const command = ["run", "--silent", "images", "--", "--stand-ins", "--engine", "buildah", ...options];
  await promisify(execFile)("npm", command);
  return chooseEngine("buildah");
}

/** Builds every image. @returns the engine that has them */
export const builtImages = (): Promise<Engine> => build();

/** Builds an image and opens it. */
export async function builtImage(name: ImageName): Promise<LocalImage> {
  return openImage(await build("--only", name), `${images[name].repository}:${version}`);
}
