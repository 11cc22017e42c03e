import { AjvJsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/ajv";
import { Ajv } from "ajv";

/**
 * Compiles the tools' schemas. Formats are not looked at: what this server writes has a pattern wherever it has
 * a format.
 */
export const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false });

/** The SDK would make one, which holds nothing of a request, for each server object: most of what that costs. */
export const jsonSchemaValidator = new AjvJsonSchemaValidator(ajv);
