import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import packageJson from "../../package.json" with { type: "json" };
import { baseImages, type ImageDefinition, type ImageName, images } from "./catalog.ts";
import { BuildError, chooseEngine, ENGINES, type Engine, type EngineName } from "./engine.ts";
import { makeStandIn, standIns } from "./stand-ins.ts";

const USAGE = `Builds the project's images: ${Object.keys(images).join(", ")}.

  npm run images -- [options]

  --only NAME       build this image alone
  --engine NAME     ${ENGINES.join(", ")}; the first that works unless given
  --tag TAG         tag of the images; the version in package.json unless given
  --stand-ins       stand-ins made from Debian's and npm's packages take the place of the base images
  --help            this text`;

/** A command line that can't be understood. */
class UsageError extends Error {}

interface Options {
  readonly names: readonly ImageName[];
  readonly engine: EngineName | undefined;
  readonly tag: string;
  readonly useStandIns: boolean;
}

function options(args: readonly string[]): Options | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      engine: { type: "string" },
      tag: { type: "string", default: packageJson.version },
      "stand-ins": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return "help";
  const { only, engine, tag, "stand-ins": useStandIns } = values;
  if (only !== undefined && !isImage(only))
    throw new UsageError(`--only ${only}: the images are ${Object.keys(images).join(", ")}`);
  if (engine !== undefined && !isEngine(engine))
    throw new UsageError(`--engine ${engine}: the engines are ${ENGINES.join(", ")}`);
  return { names: only ? [only] : (Object.keys(images) as ImageName[]), engine, tag, useStandIns };
}

const isImage = (name: string): name is ImageName => Object.hasOwn(images, name);
const isEngine = (name: string): name is EngineName => (ENGINES as readonly string[]).includes(name);

function build(engine: Engine, image: ImageDefinition, { tag, useStandIns }: Options): void {
  const started = performance.now();
  const bases: Record<string, string> = {};
  if (useStandIns)
    for (const { argument, tagged } of baseImages(image)) {
      const standIn = standIns().find((candidate) => candidate.image === tagged);
      if (!standIn) throw new BuildError(`${image.dockerfile}: there is no stand-in for ${tagged}`);
      makeStandIn(engine, standIn);
      bases[argument] = standIn.tag;
    }
  engine.build({
    dockerfile: image.dockerfile,
    context: image.context,
    tag: `${image.repository}:${tag}`,
    arguments: { VERSION: packageJson.version, REVISION: revision(), ...bases },
    offline: useStandIns,
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `${image.repository}:${tag} built by ${engine.name} in ${seconds} s${useStandIns ? ", on stand-ins of its base images" : ""}`,
  );
}

const revision = () => execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();

try {
  const chosen = options(process.argv.slice(2));
  if (chosen === "help") console.log(USAGE);
  else {
    const engine = chooseEngine(chosen.engine);
    for (const name of chosen.names) build(engine, images[name], chosen);
  }
} catch (error) {
  const usage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  if (!usage && !(error instanceof BuildError)) throw error;
  console.error(error.message);
  process.exitCode = usage ? 2 : 1;
}
