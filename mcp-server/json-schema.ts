import { Ajv } from "ajv";

/**
 * Compiles the tools' schemas. Formats are not validated: in this server's schemas each format comes with a pattern.
 */
export const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false });
