import { version } from "../../shared/version.ts";
import { Problem } from "../cli/problem.ts";
import { imageNames, images } from "../images/catalog.ts";
import type { Engine } from "../images/engine.ts";
import { makeStandIn, standIns } from "../images/stand-ins.ts";
import { type LocalImage, openImage } from "./images.ts";

/** Where an image comes from, in words; `undefined` for the image itself. */
export interface AvailableImage {
  readonly uri: string;
  readonly reference: string;
  readonly remark: string | undefined;
}

/**
 * The image of this machine that a task definition's image is run as: what `npm run images` built, the image itself, or
 * its stand-in.
 *
 * @returns undefined where there is none
 * @throws Problem where an image of this project was not built
 */
export function availableImage(engine: Engine, uri: string): AvailableImage | undefined {
  const repository = repositoryOf(uri);
  const own = imageNames.find((name) => images[name].repository === repository);
  if (own) {
    const reference = `${repository}:${version}`;
    if (engine.has(reference)) return { uri, reference, remark: `built here as ${reference}` };
    throw new Problem(
      `${engine.name} has no image ${reference}`,
      `Run: npm run images -- --only ${own} --engine ${engine.name}, with --stand-ins where no registry can be reached`,
    );
  }
  if (engine.has(uri)) return { uri, reference: uri, remark: undefined };
  // One stand-in serves every tag of its image.
  const standIn = standIns().find(({ image }) => repositoryOf(image) === repository);
  return standIn && { uri, reference: standIn.tag, remark: `a stand-in, ${standIn.dockerfile}` };
}

const repositoryOf = (uri: string) => uri.replace(/:[^:/]+$/, "");

/** Opens images, making the stand-ins that this machine lacks. */
export class Images {
  readonly engine: Engine;
  readonly #opened = new Map<string, Promise<LocalImage>>();
  readonly #replaced = new Map<string, string>();

  constructor(engine: Engine) {
    this.engine = engine;
  }

  /** @throws Problem where there is no such image */
  readonly open = (uri: string): Promise<LocalImage> => {
    const opened = this.#opened.get(uri) ?? this.#open(uri);
    this.#opened.set(uri, opened);
    return opened;
  };

  /** Runs `reference` wherever a definition names `uri`, as after a push to that tag. */
  replace(uri: string, reference: string): void {
    this.#replaced.set(uri, reference);
    this.#opened.delete(uri);
  }

  async #open(uri: string): Promise<LocalImage> {
    const reference = this.#replaced.get(uri) ?? availableImage(this.engine, uri)?.reference;
    if (reference === undefined) throw new Problem(`CannotPullContainerError: there is no image ${uri} here`);
    const standIn = standIns().find(({ tag }) => tag === reference);
    if (standIn) await makeStandIn(this.engine, standIn);
    return openImage(this.engine, reference);
  }
}
