import { development } from "./development.ts";
import { production } from "./production.ts";

/** Every environment that is synthesised. Adding one: a file beside these, and its name here. */
export const environments = [development, production];
