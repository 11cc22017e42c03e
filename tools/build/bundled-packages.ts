import * as z from "zod";

const lockFile = z.object({
  name: z.string(),
  version: z.string(),
  lockfileVersion: z.literal(3),
  packages: z.record(z.string(), z.looseObject({ version: z.string().optional() })),
});

/**
 * The lock file reduced to the packages whose files went into a bundle. It lies in the image beside the bundles, in
 * which scanners see no package.
 *
 * @param sources paths of the bundle's source files, relative to the repository's root
 * @throws Error when a source belongs to a package that the lock file lacks
 */
export function bundledPackages(lock: unknown, sources: readonly string[]) {
  const { packages, ...head } = lockFile.parse(lock);
  const names = new Set(
    sources.flatMap(
      (source) => /node_modules\/(?:.*\/node_modules\/)?(?:@[^/]+\/)?[^/]+(?=\/)/.exec(source) ?? [],
    ),
  );
  const bundled = [...names].sort().map((name) => {
    const entry = packages[name];
    if (!entry) throw new Error(`${name} is bundled, and package-lock.json lacks it: run npm ci`);
    return [name, entry] as const;
  });
  return {
    ...head,
    packages: { "": { name: head.name, version: head.version }, ...Object.fromEntries(bundled) },
  };
}
