/** Arguments of every engine's build command. */
export const buildArguments = (args: Readonly<Record<string, string>>) =>
  Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);

/** Puts images in place of base images, where `transport` says how the engine names an image that it has. */
export const replacements = (bases: Readonly<Record<string, string>>, transport: string) =>
  Object.entries(bases).flatMap(([base, tag]) => ["--build-context", `${base}=${transport}://${tag}`]);
