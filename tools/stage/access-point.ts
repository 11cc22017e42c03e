import { chmodSync, chownSync, existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import type { Applied } from "./applied.ts";
import { accessPoints } from "./state.ts";
import type { AccessPoint } from "./task.ts";

/** Makes the root directory of an access point below `folder` as EFS does: only where it is missing. */
export function openAccessPoint(applied: Applied, id: string, folder: string): AccessPoint {
  const found = accessPoints(applied).find((each) => each.id === id);
  if (!found) throw new Error(`there is no access point ${id}`);
  const { path: root, creation_info } = found.root_directory;
  const directory = path.join(folder, root);
  if (!existsSync(directory)) {
    mkdirSync(directory, { recursive: true });
    chownSync(directory, creation_info.owner_uid, creation_info.owner_gid);
    chmodSync(directory, Number.parseInt(creation_info.permissions, 8));
  }
  return { folder: directory, posixUser: found.posix_user };
}
