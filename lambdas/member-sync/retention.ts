import * as z from "zod/mini";
import type { Service } from "../shared/provisioning/service.ts";

/** Messages of one transaction: it must not hold its rows for long. */
const BATCH = 2000;

const moved = z.tuple([z.object({ moved: z.coerce.number() })]);

/**
 * Moves messages that are older than that many days to the archive, batch by batch until none is left or the time is over.
 *
 * @param enough tells whether the time is over
 * @returns how many were moved
 * @throws DatabaseError, or the signal's reason; a later run does what is left
 */
export async function archiveMessages(
  { database }: Service,
  days: number,
  signal: AbortSignal,
  enough: () => boolean,
): Promise<number> {
  let total = 0;
  for (;;) {
    const rows = await database.run(
      { text: "select public.chat_archive_messages($1, $2) as moved", values: [days, BATCH] },
      signal,
    );
    const [{ moved: count }] = moved.parse(rows);
    total += count;
    if (count < BATCH || enough()) return total;
  }
}
