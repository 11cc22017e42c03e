import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { WEBHOOK_SECRET_VARIABLE } from "../../../shared/hasura-names.ts";
import { type Disturbance, type MetadataApi, startMetadataApi } from "../../../test/hasura-metadata-api.ts";
import { requiredVariables, startTask } from "../../../test/task.ts";
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

const on =
  (type: string, answer: ReturnType<Disturbance>): Disturbance =>
  (called) =>
    called === type ? answer : undefined;

describe("the metadata task", () => {
  it("puts every object into an engine that has none of them", async () => {
    const { code, output } = await runTask();
    expect(output).toContain("metadata: applied");
    expect(code).toBe(0);
    expect([...api.objects.keys()].sort()).toMatchSnapshot();
  });

  it("gives the event trigger the URL as its webhook, and the secret header by the engine's variable only", async () => {
    await runTask();
    expect(api.objects.get("event trigger chat_link_preview")).toEqual({
      source: "default",
      webhook,
      insert: { columns: ["id", "phenom_id", "created_at"] },
      enable_manual: false,
      retry_conf: { num_retries: 5, interval_sec: 30, timeout_sec: 30 },
      headers: [{ name: "x-chat-webhook-secret", value_from_env: WEBHOOK_SECRET_VARIABLE }],
    });
  });

  it("changes nothing when it runs again", async () => {
    await runTask();
    const before = new Map(api.objects);
    const { code, output } = await runTask();
    expect(code).toBe(0);
    expect(output).not.toContain(": made");
    expect(new Map(api.objects)).toEqual(before);
  });

  it("puts a permission back that somebody changed, in one transaction of the engine", async () => {
    await runTask();
    const key = "select permission of user on chat_messages";
    const ours = api.objects.get(key);
    api.objects.set(key, { source: "default", permission: { columns: "*", filter: {} } });
    api.calls.length = 0;
    expect(await runTask()).toMatchObject({ code: 0 });
    expect(api.objects.get(key)).toEqual(ours);
    expect(api.calls.filter((type) => type.startsWith("pg_drop"))).toEqual([]);
  });

  it("leaves the objects of others alone: another table, and the users table with its own permissions", async () => {
    const theirs = {
      source: "default",
      permission: { columns: ["id"], filter: { id: { _eq: "X-Hasura-User-Id" } } },
    };
    api.objects.set("table users", {});
    api.objects.set("select permission of user on users", theirs);
    api.objects.set("table phenoms", { any: "thing" });
    expect(await runTask()).toMatchObject({ code: 0 });
    expect(api.objects.get("select permission of user on users")).toEqual(theirs);
    expect(api.objects.get("table phenoms")).toEqual({ any: "thing" });
    expect(api.calls.filter((type) => /replace_metadata|clear_metadata|untrack/.test(type))).toEqual([]);
  });

  it("makes the database trigger anew when the event trigger has none", async () => {
    await runTask();
    api.databaseTriggers.clear();
    // The engine keeps the event trigger, creates it again by our call, and the trigger stays away.
    api.disturbance = on("pg_create_event_trigger", { status: 200, body: { message: "success" } });
    const { code } = await runTask();
    expect(code).toBe(0);
    expect(api.calls).toContain("reload_metadata");
    expect(api.databaseTriggers.size).toBe(1);
  });

  it("fails when the database trigger does not appear even so", async () => {
    api.disturbance = on("run_sql", {
      status: 200,
      body: { result_type: "TuplesOk", result: [["count"], ["0"]] },
    });
    const { code, output } = await runTask();
    expect(code).toBe(1);
    expect(output).toContain("notify_hasura_chat_link_preview_INSERT does not exist");
  });
});

describe("when the engine refuses", () => {
  it.each([
    { status: 400, body: { path: "$.args", error: 'no such column "nonsense"', code: "parse-failed" } },
    { status: 500, body: { path: "$", error: "internal error in the engine", code: "unexpected" } },
  ])("with $status, the task fails and prints what it was about and Hasura's own message", async (answer) => {
    api.disturbance = on("pg_create_update_permission", answer);
    const { code, output } = await runTask();
    expect(code).toBe(1);
    expect(output).toContain("update permission of chat_admin on chat_rooms: Hasura answered:");
    expect(output).toContain(answer.body.error.replaceAll('"', '\\"'));
    expect(output).not.toContain("metadata: applied");
  });

  it("a table that does not exist, the task asks for the migration", async () => {
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

  it("the admin secret, the task shows Hasura's message and not the secret", async () => {
    const { code, output } = await runTask({ HASURA_ADMIN_SECRET: "not-the-secret" });
    expect(code).toBe(1);
    expect(output).toContain("x-hasura-admin-secret");
    expect(output).not.toContain("not-the-secret");
  });

  it("the webhook's header because a variable is not set, the task names the variable", async () => {
    api.disturbance = on("pg_create_event_trigger", {
      status: 400,
      body: { path: "$.args", error: "Inconsistent object: cannot continue", code: "constraint-violation" },
    });
    const { code, output } = await runTask();
    expect(code).toBe(1);
    expect(output).toContain(`set ${WEBHOOK_SECRET_VARIABLE} on the Hasura service`);
  });

  it("a replacement because only the database trigger is left, the task says what to drop", async () => {
    api.databaseTriggers.add("event trigger chat_link_preview");
    const { code, output } = await runTask();
    expect(code).toBe(1);
    expect(output).toContain("left over from metadata that is gone: drop it and run again");
  });

  it("by silence, the task fails after its timeout", async () => {
    api.disturbance = on("pg_track_function", "hang");
    const impatient = metadataCommand().map((part) => part.replace("--max-time 60", "--max-time 2"));
    const { code, output } = await runTask({}, impatient);
    expect(code).toBe(1);
    expect(output).toContain("function search_chat_messages: Hasura answered: curl: (28)");
  });

  it("by not being there, the task fails", async () => {
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

  it("fails the task when an object of the chat is inconsistent, and prints Hasura's reason", async () => {
    api.disturbance = inconsistent("chat_members");
    const { code, output } = await runTask();
    expect(code).toBe(1);
    expect(output).toContain('"reason":"gone"');
  });

  it("names the variable when the reason is that the engine lacks it", async () => {
    api.disturbance = inconsistent(`environment variable '${WEBHOOK_SECRET_VARIABLE}' not set`);
    const { code, output } = await runTask();
    expect(code).toBe(1);
    expect(output).toContain(`set the environment variable ${WEBHOOK_SECRET_VARIABLE} on the Hasura service`);
  });

  it("warns and goes on when the inconsistent object is somebody else's", async () => {
    api.disturbance = inconsistent("phenoms");
    const { code, output } = await runTask();
    expect(code).toBe(0);
    expect(output).toContain("none of them is the chat's");
  });
});

describe("the task's variables", () => {
  it.each(
    requiredVariables(metadataCommand()),
  )("%s is asked for by name when it is missing", async (name) => {
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
  ])("%s is refused as %s", async (name, value) => {
    const { code, output } = await runTask({ [name]: value });
    expect(code).toBe(64);
    expect(output).toContain(name);
    expect(api.calls).toEqual([]);
  });

  it("need no escaping in Terraform: no template marker stands in the command", () => {
    expect(metadataCommand().join("\n")).not.toMatch(/[$%]\{/);
  });
});
