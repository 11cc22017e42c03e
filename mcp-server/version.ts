import { version as packageVersion } from "../package.json";

/** Release of this server; the bundler writes it into the bundle. */
export const version: string = packageVersion;
