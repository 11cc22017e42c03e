import { execFileSync } from "node:child_process";
import { Option } from "@commander-js/extra-typings";
import { version } from "../../shared/version.ts";
import { createCommand, main } from "../cli/command.ts";
import { Problem } from "../cli/problem.ts";
import { baseImages, type ImageDefinition, imageNames, images } from "./catalog.ts";
import { chooseEngine, ENGINES, type Engine } from "./engine.ts";
import { writeSbom } from "./sbom.ts";
import { makeStandIn, standIns } from "./stand-ins.ts";

interface BuildOptions {
  readonly tag: string;
  readonly useStandIns: boolean;
  readonly sbom: boolean;
}

async function build(
  engine: Engine,
  image: ImageDefinition,
  { tag, useStandIns, sbom }: BuildOptions,
): Promise<void> {
  const started = performance.now();
  await engine.build({
    dockerfile: image.dockerfile,
    context: image.context,
    tag: `${image.repository}:${tag}`,
    labels: {
      "org.opencontainers.image.version": version,
      "org.opencontainers.image.revision": revision(),
    },
    ...(useStandIns && { replacedBases: await standInBases(engine, image) }),
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const remark = useStandIns ? ", on stand-ins of its base images" : "";
  console.log(`${image.repository}:${tag} built by ${engine.name} in ${seconds} s${remark}`);
  if (sbom) console.log(`its packages are listed in ${await writeSbom(engine, image, tag)}`);
}

/** The stand-ins of an image's bases, by the base's name. */
async function standInBases(engine: Engine, image: ImageDefinition): Promise<Record<string, string>> {
  const entries = baseImages(image).map(async ({ reference, tagged }) => {
    const standIn = standIns().find((candidate) => candidate.image === tagged);
    if (!standIn) throw new Problem(`${image.dockerfile}: there is no stand-in for ${tagged}`);
    await makeStandIn(engine, standIn);
    return [reference, standIn.tag];
  });
  return Object.fromEntries(await Promise.all(entries));
}

const revision = () => execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();

await main(
  createCommand("npm run images --", "Builds the project's container images.")
    .addOption(new Option("--only <image>", "build this image alone").choices(imageNames))
    .addOption(new Option("--engine <engine>", "default: the first of these that works").choices(ENGINES))
    .option("--tag <tag>", "tag of the images", version)
    .option(
      "--stand-ins",
      "replace the base images by stand-ins made from Debian's, npm's and PyPI's packages",
    )
    .option("--sbom", "also write each image's software bill of materials to build/images/")
    .action(async ({ only, engine: wanted, tag, standIns: useStandIns = false, sbom = false }) => {
      const engine = chooseEngine(wanted);
      const names = only ? [only] : imageNames;
      await engine.exclusively(() =>
        Promise.all(names.map((name) => build(engine, images[name], { tag, useStandIns, sbom }))),
      );
    }),
);
