import manifest from "../package.json" with { type: "json" };

/** Release of everything in this repository; the bundler writes it into the bundles. */
export const version: string = manifest.version;
