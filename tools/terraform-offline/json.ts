/** A JSON object whose members were not looked at. */
export interface JsonObject {
  [name: string]: unknown;
}

export const isJsonObject = (json: unknown): json is JsonObject =>
  typeof json === "object" && json !== null && !Array.isArray(json);

/** Members of a JSON object; none of anything else. */
export const membersOf = (json: unknown): JsonObject => (isJsonObject(json) ? json : {});

/** Elements of a JSON list, each as an object; none of anything else. */
export const elementsOf = (json: unknown): JsonObject[] => (Array.isArray(json) ? json.map(membersOf) : []);
