import { beforeAll, describe, expect, it } from "@jest/globals";
import { Client } from "pg";
import { chatTables } from "../test/chat-tables.ts";

const { migrated, send } = chatTables();
let client: Client;
beforeAll(() => {
  ({ client } = migrated);
});

describe("the outbox of link previews", () => {
  const link = (phenom_id = "abc") => send({ message_type: "phenom_link", phenom_id });
  const requests = async () =>
    (await client.query("select phenom_id from chat_link_preview_requests order by created_at")).rows.map(
      (row) => row.phenom_id,
    );
  const preview = (expires: string | null) =>
    client.query(
      `insert into link_previews (url, phenom_id, expires_at) values ('https://thephenom.app/phenom/abc', 'abc', now() + $1::interval)
       on conflict (phenom_id) do update set expires_at = excluded.expires_at`,
      [expires],
    );

  it("gets a request for a link without a preview, and none for a text", async () => {
    await send();
    await send({ phenom_id: "mentioned" });
    await link();
    expect(await requests()).toEqual(["abc"]);
  });

  it.each([null, "1 hour"])("gets none while a preview is fresh (expiring in %s)", async (expires) => {
    await preview(expires);
    await link();
    expect(await requests()).toEqual([]);
  });

  it("gets a request when the preview has expired", async () => {
    await preview("-1 second");
    await link();
    expect(await requests()).toEqual(["abc"]);
  });

  it("lets an engine with a role of its own write its event log", async () => {
    const engine = new Client(migrated.server.asSuperuser(migrated.database));
    await engine.connect();
    await engine.query(`
      create role engine;
      create schema hdb_catalog authorization engine;
      grant select, insert on chat_messages, chat_link_preview_requests, link_previews to engine;
      set role engine;
      create table hdb_catalog.event_log (payload json);
      create function hdb_catalog.notify() returns trigger language plpgsql as $$
      begin
        insert into hdb_catalog.event_log values (row_to_json(new));
        return null;
      end $$;
      reset role;
      create trigger notify after insert on chat_link_preview_requests
        for each row execute function hdb_catalog.notify();
      set role engine;
    `);
    await send({ message_type: "phenom_link", phenom_id: "abc" }, engine);
    const { rows } = await engine.query(
      "select payload ->> 'phenom_id' as phenom_id from hdb_catalog.event_log",
    );
    await engine.query(
      "reset role; drop trigger notify on chat_link_preview_requests; drop owned by engine; drop role engine",
    );
    await engine.end();
    expect(rows).toEqual([{ phenom_id: "abc" }]);
  });

  it("drops the requests that a stored preview answers, and keeps the others", async () => {
    await link();
    await link();
    await link("other");
    await preview("1 hour");
    expect(await requests()).toEqual(["other"]);
  });
});
