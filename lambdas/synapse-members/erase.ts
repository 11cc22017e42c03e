import { setTimeout as wait } from "node:timers/promises";
import * as z from "zod/mini";
import { path } from "../../shared/matrix.ts";
import type { MatrixClient } from "../../shared/matrix-client.ts";
import { type Homeserver, matrixId } from "../../shared/room-members.ts";

/** What a run did. */
export interface Erasure {
  /** Undefined if nobody with this `sub` ever signed in. */
  readonly account?: string | undefined;
  /** Files that were deleted. */
  readonly media: number;
  /** Messages that could not be redacted. */
  readonly failed: number;
  /** Whether everything is done; if not, call again. */
  readonly isComplete: boolean;
}

/** Files that one request deletes. */
const MEDIA_PAGE = 100;
/** Messages in each room: more than anybody sends. */
const ALL = 100_000_000;
const POLL_MS = 500;

const deleted = z.object({ deleted_media: z.array(z.string()) });
const redaction = z.object({ redact_id: z.string() });
const progress = z.object({
  status: z.string(),
  failed_redactions: z._default(z.record(z.string(), z.unknown()), {}),
});
const joinedRooms = z.object({ joined_rooms: z.array(z.string()) });

/**
 * Erases a person, as far as the time allows: redacts their messages if asked to, deletes the files that they uploaded,
 * and deactivates the account with erasure, which ends its sessions and takes it out of every room. Deactivating comes
 * last, so that a run that was cut short is repeated as a whole.
 *
 * @param rooms the rooms whose messages are redacted, beside those that the person is in
 * @param enough tells whether the time is over
 */
export async function erase(
  admin: MatrixClient,
  sub: string,
  withMessages: boolean,
  rooms: readonly string[],
  homeserver: Homeserver,
  enough: () => boolean,
): Promise<Erasure> {
  const account = await matrixId(admin, sub, homeserver);
  if (account === undefined) return { media: 0, failed: 0, isComplete: true };
  let failed = 0;
  if (withMessages) {
    const redacted = await redact(admin, account, rooms, enough);
    if (redacted === undefined) return { account, media: 0, failed, isComplete: false };
    failed = redacted;
  }
  let media = 0;
  for (;;) {
    const page = path`/_synapse/admin/v1/users/${account}/media?limit=${String(MEDIA_PAGE)}`;
    const { deleted_media } = await admin.request("DELETE", page, deleted);
    media += deleted_media.length;
    if (deleted_media.length === 0) break;
    if (enough()) return { account, media, failed, isComplete: false };
  }
  await admin.send("POST", path`/_synapse/admin/v1/deactivate/${account}`, { erase: true });
  homeserver.accounts?.delete(sub);
  return { account, media, failed, isComplete: true };
}

/** @returns the number of messages that could not be redacted; undefined if Synapse has not finished */
async function redact(
  admin: MatrixClient,
  account: string,
  rooms: readonly string[],
  enough: () => boolean,
): Promise<number | undefined> {
  const { joined_rooms } = await admin.request(
    "GET",
    path`/_synapse/admin/v1/users/${account}/joined_rooms`,
    joinedRooms,
  );
  const { redact_id } = await admin.request(
    "POST",
    path`/_synapse/admin/v1/user/${account}/redact`,
    redaction,
    { rooms: [...new Set([...rooms, ...joined_rooms])], limit: ALL },
  );
  for (;;) {
    const { status, failed_redactions } = await admin.request(
      "GET",
      path`/_synapse/admin/v1/user/redact_status/${redact_id}`,
      progress,
    );
    if (status === "complete") return Object.keys(failed_redactions).length;
    if (status === "failed") throw new Error(`Synapse could not redact the messages of ${account}`);
    if (enough()) return undefined;
    await wait(POLL_MS);
  }
}
