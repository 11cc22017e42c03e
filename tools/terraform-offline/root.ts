import path from "node:path";
import { REPOSITORY_FOLDER } from "../setup/repository.ts";

/** Folder of the schemas and protocol files. */
export const FOLDER = path.join(REPOSITORY_FOLDER, "tools/terraform-offline");
