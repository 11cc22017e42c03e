import { existsSync, readFileSync } from "node:fs";
import * as z from "zod";
import { matching } from "./fields.ts";

/** A resource that exists already, for Terraform to take over instead of making it. */
const importedResource = z.strictObject({
  /** Address in the stack, such as `aws_efs_mount_target.chat_synapse_media_mount_target["subnet-1"]`. */
  to: matching(/^\w+\.\w+(?:\[.+\])?$/, "must be the address of a resource, type.name"),
  /** Id by which the provider imports it. */
  id: z.string().min(1),
  /** Attributes that stay as they are, because changing them would replace the resource. @default - none */
  keep: z.array(matching(/^[a-z_]+$/, "must be the name of an attribute")).optional(),
});

export const importsSchema = z.array(importedResource);
export type ImportedResource = z.output<typeof importedResource>;

/** The file that `npm run ops -- adopt` writes. */
export const importsFile = (environment: string) => `environments/${environment}.imports.json`;

/**
 * What an environment imports; nothing without the file.
 * @throws Error that names the file where it is malformed
 */
export function readImports(environment: string): ImportedResource[] {
  const file = importsFile(environment);
  if (!existsSync(file)) return [];
  try {
    return importsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Error(`${file} is malformed: write it again with npm run ops -- adopt ${environment}`, {
      cause: error,
    });
  }
}
