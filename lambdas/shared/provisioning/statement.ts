import type { QueryConfig } from "pg";
import * as z from "zod/mini";
import type { Memberships } from "./memberships.ts";
import type { Person } from "./person.ts";

const failures = z.array(
  z.object({
    step: z.enum(["profile", "user", "departures", "memberships"]),
    /** SQLSTATE. */
    code: z.string(),
    reason: z.string(),
    /** Column or constraint, empty if PostgreSQL names none. */
    object: z.nullable(z.string()),
  }),
);
/** A part of the provisioning that the database refused. The others took place. */
export type Failure = z.infer<typeof failures>[number];

/**
 * The statement that updates a user's row and memberships, in one round trip. It is idempotent, and returns a row for
 * each part that failed.
 *
 * @param ownsProfiles whether names and picture replace those of the row, and not only what is empty
 */
export function provisioning(
  person: Person,
  { joined, left, role }: Memberships,
  ownsProfiles: boolean,
): QueryConfig {
  const { id, preferredUsername, chosenUsername, displayName, avatarUrl } = person;
  return {
    // A prepared statement: parsed and planned once per connection.
    name: "provision",
    text: "select step, code, reason, object from public.chat_provision_user($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    values: [id, preferredUsername, chosenUsername, displayName, avatarUrl, ownsProfiles, joined, left, role],
  };
}

/** Reads the statement's rows. */
export const failuresOf = (rows: readonly unknown[]): readonly Failure[] => failures.parse(rows);
