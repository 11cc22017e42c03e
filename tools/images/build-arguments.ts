import type { Build } from "./engine.ts";

type Values = Readonly<Record<string, string>>;

const options = (name: string, values: Values = {}) =>
  Object.entries(values).flatMap(([key, value]) => [`--${name}`, `${key}=${value}`]);

/**
 * Arguments that the build commands of all engines share.
 *
 * @param transport how the engine names an image that it has
 */
export function buildArguments(build: Build, transport: "docker-image" | "container-image"): string[] {
  const replaced = Object.entries(build.replacedBases ?? {}).map(([base, tag]) => [
    base,
    `${transport}://${tag}`,
  ]);
  return [
    ...["--file", build.dockerfile, "--tag", build.tag],
    ...options("build-context", Object.fromEntries(replaced)),
    ...options("build-arg", build.arguments),
    ...options("label", build.labels),
    build.context,
  ];
}
