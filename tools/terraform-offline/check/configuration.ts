import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { isJsonObject, type JsonObject, membersOf } from "../json.ts";

/** A file `*.tf.json`. */
export interface ConfigurationFile {
  readonly file: string;
  readonly document: JsonObject;
}

/** The JSON files of a configuration; those that are no JSON are left to Terraform, which says what is wrong. */
export function jsonFiles(folder: string): ConfigurationFile[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".tf.json"))
    .flatMap((name) => {
      const file = path.join(folder, name);
      try {
        const document: unknown = JSON.parse(readFileSync(file, "utf8"));
        return isJsonObject(document) ? [{ file, document }] : [];
      } catch {
        return [];
      }
    });
}

/** The texts of the `*.tf` files. */
export const hclFiles = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".tf"))
    .map((name) => readFileSync(path.join(folder, name), "utf8"));

export const writeJson = ({ file, document }: ConfigurationFile): void =>
  writeFileSync(file, JSON.stringify(document, null, 2));

/** A block may be written as one object or as a list of them. */
export const blocksOf = (json: unknown): JsonObject[] =>
  (Array.isArray(json) ? json : [json]).filter(isJsonObject);

export interface Declaration {
  readonly type: string;
  readonly name: string;
  readonly body: unknown;
}

/** Everything that is declared by type and name. @param kind such as `resource` or `data` */
export const declarations = (document: JsonObject, kind: string): Declaration[] =>
  Object.entries(membersOf(document[kind])).flatMap(([type, byName]) =>
    Object.entries(membersOf(byName)).map(([name, body]) => ({ type, name, body })),
  );
