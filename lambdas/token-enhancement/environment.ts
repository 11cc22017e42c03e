import type { EnvironmentDeclaration } from "../shared/environment.ts";

/** The function reads no variables. */
export const environment = {} satisfies EnvironmentDeclaration;
