import type { QueryConfig } from "pg";
import type { Person } from "./event.ts";
import type { Memberships } from "./memberships.ts";

// One statement: one round trip, all or nothing. Values that Cognito does not give are kept, and unchanged rows are not
// written. An existing user is updated, not upserted: the table may belong to the Phenom backend and have required
// columns that only the backend can fill. A mute ends only with the membership.
const PROVISION = `with updated as (
  update public.users person
     set username = coalesce($2::text, person.username, $3::text),
         display_name = coalesce($4::text, person.display_name),
         avatar_url = coalesce($5::text, person.avatar_url)
   where person.id = $1
     and (person.username, person.display_name, person.avatar_url) is distinct from
         (coalesce($2::text, person.username, $3::text), coalesce($4::text, person.display_name),
          coalesce($5::text, person.avatar_url))
), inserted as (
  insert into public.users (id, username, display_name, avatar_url)
  select $1, coalesce($2::text, $3::text), $4::text, $5::text
   where not exists (select from public.users where id = $1)
  on conflict (id) do nothing
), departed as (
  delete from public.chat_members where user_id = $1 and room_id = any ($7::uuid[])
)
insert into public.chat_members (room_id, user_id, role)
select room_id, $1, coalesce($8::text, 'user') from unnest($6::uuid[]) as room_id
on conflict (room_id, user_id) do update set role = excluded.role
 where $8::text is not null and chat_members.role <> excluded.role`;

/** The statement that updates a user's row and memberships. It is idempotent. */
export function provisioning(person: Person, { joined, left, role }: Memberships): QueryConfig {
  const { id, preferredUsername, displayName, avatarUrl } = person;
  return {
    // A prepared statement: parsed and planned once per connection.
    name: "provision",
    text: PROVISION,
    values: [id, preferredUsername, fallbackUsername(person), displayName, avatarUrl, joined, left, role],
  };
}

/** Members see each other's user names, so an e-mail address is never used as one. */
const fallbackUsername = ({ cognitoName }: Person) => (cognitoName.includes("@") ? null : cognitoName);
