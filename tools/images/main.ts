import { execFileSync } from "node:child_process";
import { Option } from "@commander-js/extra-typings";
import { version } from "../../shared/version.ts";
import { createCommand, main } from "../cli/command.ts";
import { Problem } from "../cli/problem.ts";
import { baseImages, type ImageDefinition, imageNames, images } from "./catalog.ts";
import { chooseEngine, ENGINES, type Engine } from "./engine.ts";
import { makeStandIn, standIns } from "./stand-ins.ts";

interface BuildOptions {
  readonly tag: string;
  readonly useStandIns: boolean;
}

function build(engine: Engine, image: ImageDefinition, { tag, useStandIns }: BuildOptions): void {
  const started = performance.now();
  const bases = useStandIns ? standInBases(engine, image) : {};
  engine.build({
    dockerfile: image.dockerfile,
    context: image.context,
    tag: `${image.repository}:${tag}`,
    arguments: { VERSION: version, REVISION: revision(), ...bases },
    offline: useStandIns,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const remark = useStandIns ? ", on stand-ins of its base images" : "";
  console.log(`${image.repository}:${tag} built by ${engine.name} in ${seconds} s${remark}`);
}

/** The Dockerfile's arguments that put stand-ins in place of its base images. */
function standInBases(engine: Engine, image: ImageDefinition): Record<string, string> {
  return Object.fromEntries(
    baseImages(image).map(({ argument, tagged }) => {
      const standIn = standIns().find((candidate) => candidate.image === tagged);
      if (!standIn) throw new Problem(`${image.dockerfile}: there is no stand-in for ${tagged}`);
      makeStandIn(engine, standIn);
      return [argument, standIn.tag];
    }),
  );
}

const revision = () => execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();

await main(
  createCommand("npm run images --", "Builds the project's container images.")
    .addOption(new Option("--only <image>", "build this image alone").choices(imageNames))
    .addOption(new Option("--engine <engine>", "default: the first of these that works").choices(ENGINES))
    .option("--tag <tag>", "tag of the images", version)
    .option("--stand-ins", "replace the base images by stand-ins made from Debian's and npm's packages")
    .action(({ only, engine: wanted, tag, standIns: useStandIns = false }) => {
      const engine = chooseEngine(wanted);
      for (const name of only ? [only] : imageNames) build(engine, images[name], { tag, useStandIns });
    }),
);
