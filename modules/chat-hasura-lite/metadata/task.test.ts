import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { WEBHOOK_SECRET_VARIABLE } from "../../../shared/hasura-names.ts";
import { requiredVariables, startTask } from "../../../test/task.ts";
import {
  type Disturbance,
  type MetadataApi,
  startMetadataApi,
} from "../../../tools/servers/hasura-metadata.ts";
import { steps } from "./calls.ts";
import { metadataCommand } from "./task.ts";

const webhook = "https://abc123.execute-api.us-east-1.amazonaws.com/link-preview?a=b%20c";

let api: MetadataApi;
beforeEach(async () => {
  api = await startMetadataApi();
});
afterEach(() => api.stop());

/** Runs the task's exact command with the machine's curl. */
const runTask = (variables: Record<string, string> = {}, command = metadataCommand()) =>
  startTask(command, {
    HASURA_ENDPOINT: api.endpoint,
    HASURA_ADMIN_SECRET: api.adminSecret,
    LINK_PREVIEW_URL: webhook,
    ...variables,
  }).done;

/** Makes every object, as a task that ran before did; its shell takes a second for that. */
async function applyEverything(): Promise<void> {
  for (const { create } of steps(webhook))
    await fetch(new URL("/v1/metadata", api.endpoint), {
      method: "POST",
      headers: { "x-hasura-admin-secret": api.adminSecret },
      body: JSON.stringify(create),
    });
}

/** The task's command without those objects whose name the pattern does not find. */
const commandFor = (objects: RegExp): string[] =>
  metadataCommand().map((part) =>
    part.replace(/^put '([^']*)'.*\n/gm, (line, name: string) => (objects.test(name) ? line : "")),
  );
/** What it does after all objects are made. */
const CHECKS = commandFor(/^$/);
const EVENT_TRIGGER = commandFor(/^event trigger /);

const on =
  (type: string, answer: ReturnType<Disturbance>): Disturbance =>
  (called) =>
    called === type ? answer : undefined;

describe("the metadata task", () => {
  it("creates every object in an engine that has none, the event trigger with its webhook's URL and a secret that only the engine knows", async () => {
    const { code, output } = await runTask();
    expect(output).toContain("metadata: applied");
    expect(code).toBe(0);
    expect([...api.objects.keys()].sort()).toMatchSnapshot();
    expect(api.calls.filter((type) => /replace_metadata|clear_metadata|untrack/.test(type))).toEqual([]);
    expect(api.objects.get("event trigger chat_link_preview")).toEqual({
      source: "default",
      webhook,
      insert: { columns: ["id", "phenom_id", "created_at"] },
      enable_manual: false,
      retry_conf: { num_retries: 5, interval_sec: 30, timeout_sec: 30 },
      headers: [{ name: "x-chat-webhook-secret", value_from_env: WEBHOOK_SECRET_VARIABLE }],
    });
  });

  it("changes nothing when it runs again, nor objects of others: another table, and the users table with its own permissions", async () => {
    await applyEverything();
    api.objects.set("select permission of user on users", {
      source: "default",
      permission: {
        columns: ["id", "username", "display_name", "avatar_url", "language"],
        filter: { id: { _eq: "X-Hasura-User-Id" } },
      },
    });
    api.objects.set("table phenoms", { any: "thing" });
    const before = new Map(api.objects);
    const { code, output } = await runTask();
    expect(code).toBe(0);
    expect(output).not.toContain(": made");
    expect(new Map(api.objects)).toEqual(before);
  });

  it("restores a changed permission in one transaction of the engine", async () => {
    await applyEverything();
    const key = "select permission of user on chat_messages";
    const ours = api.objects.get(key);
    api.objects.set(key, { source: "default", permission: { columns: "*", filter: {} } });
    api.calls.length = 0;
    expect(await runTask({}, commandFor(/^select permission of user on chat_messages$/))).toMatchObject({
      code: 0,
    });
    expect(api.objects.get(key)).toEqual(ours);
    expect(api.calls.filter((type) => type.startsWith("pg_drop"))).toEqual([]);
  });

  describe("given a backend's own select permission on users", () => {
    const theirs = (permission: object) => {
      api.users.push("someone");
      api.objects.set("table users", {});
      api.objects.set("select permission of user on users", { source: "default", permission });
    };
    const columns = ["id", "username", "display_name", "avatar_url"];

    it("fails if it lacks a column that the chat's clients read, and names role, columns and remedy", async () => {
      theirs({ columns: ["id", "username"], filter: {} });
      const { code, output } = await runTask({}, commandFor(/^event trigger | on users$/));
      expect(code).toBe(1);
      expect(output).toContain("role user can't read id, username, display_name, avatar_url of users");
      expect(output).toContain("field 'display_name' not found");
      expect(output).toContain(
        "requests of the chat's clients fail for the roles user: give their select permission",
      );
      expect(api.objects.has("event trigger chat_link_preview")).toBe(true);
    });

    it("warns if its filter hides other people, and succeeds", async () => {
      theirs({ columns, filter: { id: { _eq: "X-Hasura-User-Id" } } });
      await applyEverything();
      const { code, output } = await runTask({}, CHECKS);
      expect(output).toContain("WARNING: role user sees only some rows of users");
      expect(output).not.toContain("WARNING: role support");
      expect(code).toBe(0);
    });

    it("says nothing if it has more columns and offers no root field", async () => {
      theirs({ columns: [...columns, "mail"], filter: {}, query_root_fields: [] });
      await applyEverything();
      const { code, output } = await runTask({}, CHECKS);
      expect(output).not.toMatch(/WARNING|can't read/);
      expect(code).toBe(0);
    });
  });

  it("recreates the database trigger if the event trigger has none", async () => {
    await applyEverything();
    api.databaseTriggers.clear();
    // The engine keeps the event trigger, creates it again by our call, and the trigger stays away.
    api.disturbance = on("pg_create_event_trigger", { status: 200, body: { message: "success" } });
    const { code } = await runTask({}, EVENT_TRIGGER);
    expect(code).toBe(0);
    expect(api.calls).toContain("reload_metadata");
    expect(api.databaseTriggers.size).toBe(1);
  });

  it("fails if the database trigger can't be recreated", async () => {
    api.disturbance = on("run_sql", {
      status: 200,
      body: { result_type: "TuplesOk", result: [["count"], ["0"]] },
    });
    const { code, output } = await runTask({}, CHECKS);
    expect(code).toBe(1);
    expect(output).toContain("notify_hasura_chat_link_preview_INSERT does not exist");
  });
});

describe("the metadata task, when the engine answers with an error,", () => {
  it.each([
    { status: 400, body: { path: "$.args", error: 'no such column "nonsense"', code: "parse-failed" } },
    { status: 500, body: { path: "$", error: "internal error in the engine", code: "unexpected" } },
  ])("fails for status $status and prints the object and Hasura's message", async (answer) => {
    api.disturbance = on("pg_create_update_permission", answer);
    const { code, output } = await runTask({}, commandFor(/^update permission of chat_admin on chat_rooms$/));
    expect(code).toBe(1);
    expect(output).toContain("update permission of chat_admin on chat_rooms: Hasura answered:");
    expect(output).toContain(answer.body.error.replaceAll('"', '\\"'));
    expect(output).not.toContain("metadata: applied");
  });

  it("asks for the migration task if a table does not exist", async () => {
    api.disturbance = on("pg_track_table", {
      status: 400,
      body: {
        path: "$.args",
        error: 'no such table/view exists in source: "chat_rooms"',
        code: "not-exists",
      },
    });
    const { code, output } = await runTask();
    expect(code).toBe(1);
    expect(output).toContain("run the migration task first");
  });

  it("prints Hasura's message and not the secret if the admin secret is refused", async () => {
    const { code, output } = await runTask({ HASURA_ADMIN_SECRET: "not-the-secret" });
    expect(code).toBe(1);
    expect(output).toContain("x-hasura-admin-secret");
    expect(output).not.toContain("not-the-secret");
  });

  it("names the engine's variable that the webhook's header needs", async () => {
    api.disturbance = on("pg_create_event_trigger", {
      status: 400,
      body: { path: "$.args", error: "Inconsistent object: cannot continue", code: "constraint-violation" },
    });
    const { code, output } = await runTask({}, EVENT_TRIGGER);
    expect(code).toBe(1);
    expect(output).toContain(`set ${WEBHOOK_SECRET_VARIABLE} on the Hasura service`);
  });

  it("says what to drop if only the database trigger is left", async () => {
    api.databaseTriggers.add("event trigger chat_link_preview");
    const { code, output } = await runTask({}, EVENT_TRIGGER);
    expect(code).toBe(1);
    expect(output).toContain("left over from metadata that is gone: drop it and run again");
  });

  it("fails after its timeout if the engine does not answer", async () => {
    api.disturbance = on("pg_track_function", "hang");
    const impatient = commandFor(/^function search_chat_messages$/).map((part) =>
      part.replace("--max-time 60", "--max-time 1"),
    );
    const { code, output } = await runTask({}, impatient);
    expect(code).toBe(1);
    expect(output).toContain("function search_chat_messages: Hasura answered: curl: (28)");
  });

  it("fails if the engine is unreachable", async () => {
    const { code, output } = await runTask({ HASURA_ENDPOINT: "http://127.0.0.1:1/v1/graphql" });
    expect(code).toBe(1);
    expect(output).toContain("curl: (7)");
  });
});

describe("the check of consistency", () => {
  const inconsistent = (name: string) =>
    on("get_inconsistent_metadata", {
      status: 200,
      body: { is_consistent: false, inconsistent_objects: [{ type: "table", reason: "gone", name }] },
    });

  it("fails if an object of the chat is inconsistent, and prints Hasura's reason", async () => {
    api.disturbance = inconsistent("chat_members");
    const { code, output } = await runTask({}, CHECKS);
    expect(code).toBe(1);
    expect(output).toContain('"reason":"gone"');
  });

  it("names the variable that the engine lacks", async () => {
    api.disturbance = inconsistent(`environment variable '${WEBHOOK_SECRET_VARIABLE}' not set`);
    const { code, output } = await runTask({}, CHECKS);
    expect(code).toBe(1);
    expect(output).toContain(`set the environment variable ${WEBHOOK_SECRET_VARIABLE} on the Hasura service`);
  });

  it("only warns if the inconsistent object belongs to somebody else", async () => {
    await applyEverything();
    api.disturbance = inconsistent("phenoms");
    const { code, output } = await runTask({}, CHECKS);
    expect(code).toBe(0);
    expect(output).toContain("none of them is the chat's");
  });
});

describe("the task's variables", () => {
  it.each(requiredVariables(metadataCommand()))("are required: a missing %s is named", async (name) => {
    const { code, output } = await runTask({ [name]: "" });
    expect(code).toBe(64);
    expect(output).toContain(name);
    expect(api.calls).toEqual([]);
  });

  it.each([
    ["LINK_PREVIEW_URL", 'https://example.org/","replace":true,"x":"'],
    ["LINK_PREVIEW_URL", "https://example.org/a b"],
    ["LINK_PREVIEW_URL", "ftp://example.org"],
    ["HASURA_ENDPOINT", "http://graphql:8080"],
  ])("are checked: %s is refused as %s", async (name, value) => {
    const { code, output } = await runTask({ [name]: value });
    expect(code).toBe(64);
    expect(output).toContain(name);
    expect(api.calls).toEqual([]);
  });

  it("need no escaping in Terraform, because the command holds no template marker", () => {
    expect(metadataCommand().join("\n")).not.toMatch(/[$%]\{/);
  });
});
