import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { Ajv } from "ajv";

/**
 * Compiles the tools' schemas. Formats are not validated: in this server's schemas each format comes with a pattern.
 */
export const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false });

/** Shared, because the SDK would create one for each request, at most of the cost of a server object. It holds no state of a request. */
export const jsonSchemaValidator = new AjvJsonSchemaValidator(ajv);
