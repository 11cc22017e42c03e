import * as z from "zod/mini";

/** The function reads no variables. */
export const environment = z.object({});
