import { describe, expect, it } from "@jest/globals";
import { contractions } from "./expand.ts";
import { readMigrations } from "./files.ts";

const migration = (sql: string) => contractions({ name: "002-example.sql", sql });

describe("a migration expands before it contracts, so that the previous release runs on the new schema", () => {
  it("holds for every migration after the first", () => {
    const [, ...later] = readMigrations();
    expect(later.flatMap(contractions)).toEqual([]);
  });

  it.each([
    "alter table chat_rooms add column topic text",
    "alter table chat_rooms add column topic text not null default ''",
    "create table chat_reactions (id uuid primary key, emoji text not null)",
    "create index concurrently idx_x on chat_messages (room_id)",
    "create or replace function f() returns int language sql as $$ select 1 -- drop table x $$",
    "alter table chat_rooms add constraint c check (name <> '') not valid",
    "comment on table chat_rooms is 'drop column, rename to'",
    "grant select on chat_rooms to chat_user_provisioner",
  ])("accepts: %s", (sql) => {
    expect(migration(sql)).toEqual([]);
  });

  it.each([
    ["drop table chat_rooms", "drops what the previous release may use"],
    ["alter table chat_rooms drop column description", "drops a column"],
    ["alter table chat_rooms rename column name to title", "renames"],
    ["alter table chat_rooms rename to rooms", "renames"],
    ["alter table chat_rooms alter column name type varchar(10)", "changes the type"],
    ["alter table chat_rooms alter column description set not null", "requires a value"],
    ["alter table chat_rooms add column topic text not null", "adds a required column"],
    ["alter table chat_rooms add constraint c unique (name)", "refuses rows"],
    ["revoke select on chat_rooms from chat_user_provisioner", "revokes a privilege"],
  ])("refuses: %s", (sql, why) => {
    expect(migration(sql)).toEqual([expect.stringContaining(why)]);
  });

  it("accepts a contraction that the file announces, because the previous release no longer uses it", () => {
    expect(
      migration(
        "-- contracts: chat_rooms.topic, unread since 0.3.0\nalter table chat_rooms drop column topic",
      ),
    ).toEqual([]);
  });
});
