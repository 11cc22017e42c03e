import { mkdir } from "node:fs/promises";
import path from "node:path";
import { requireTools } from "../setup/require-tools.ts";
import { tools } from "../setup/tools.ts";
import type { ImageDefinition, ImageName } from "./catalog.ts";
import type { Engine } from "./engine.ts";
import { runLong } from "./process.ts";

/** Syft reads lock files in folders only. That of the MCP server's image lists what is in the bundles. */
const CATALOGERS = "image,javascript-lock-cataloger";

/** Where an image's software bill of materials is written, in CycloneDX's JSON. */
export const sbomFile = (name: ImageName) => path.join("build", "images", `${name}.cdx.json`);

/**
 * Writes the software bill of materials of an image: Debian's packages, Node.js, bundled and Python packages.
 *
 * @throws Problem if Syft is not installed
 */
export async function writeSbom(
  engine: Engine,
  { name, repository }: ImageDefinition,
  tag: string,
): Promise<string> {
  requireTools(tools.syft);
  const file = sbomFile(name);
  await mkdir(path.dirname(file), { recursive: true });
  await engine.withFiles(`${repository}:${tag}`, (folder) =>
    runLong(
      tools.syft.path("syft"),
      [
        ...["scan", `dir:${folder}`, "--base-path", folder, "--quiet"],
        ...["--override-default-catalogers", CATALOGERS],
        ...["--source-name", repository, "--source-version", tag, "--output", `cyclonedx-json=${file}`],
      ],
      { ...process.env, SYFT_CHECK_FOR_APP_UPDATE: "false" },
    ),
  );
  return file;
}
