import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { version } from "../shared/version.ts";
import { type ImageName, images } from "../tools/images/catalog.ts";
import { chooseEngine } from "../tools/images/engine.ts";
import { type LocalImage, openImage } from "../tools/stage/images.ts";

/** Builds an image from the working tree, on stand-ins of its bases; fast where a build had the same files. */
export async function builtImage(name: ImageName): Promise<LocalImage> {
  const command = ["run", "--silent", "images", "--", "--only", name, "--stand-ins", "--engine", "buildah"];
  await promisify(execFile)("npm", command);
  return openImage(chooseEngine("buildah"), `${images[name].repository}:${version}`);
}
