import { readdirSync } from "node:fs";
import { join } from "node:path";
// Hasura's own definition of its metadata, generated from the engine's repository: each converter checks its value.
import { Convert } from "@hasura/metadata/dist/HasuraMetadataV2.js";
import { describe, expect, it } from "@jest/globals";
import { EVENT_TRIGGER_NAME, WEBHOOK_SECRET_VARIABLE } from "../../../shared/hasura-names.ts";
import { expectUpToDate } from "../../../test/jest/file-snapshot.ts";
import { steps } from "./calls.ts";
import { CLI_FOLDER, cliFiles } from "./cli-files.ts";
import { eventTrigger, functions, tables, usersTable } from "./metadata.ts";

const webhook = "https://example.org/link-preview";
const everything = () =>
  JSON.stringify([usersTable, tables, functions, eventTrigger({ webhook }), steps(webhook)]);

describe("by the types that Hasura publishes", () => {
  it.each(
    [usersTable, ...tables].map((entry) => [entry.table.name, entry] as const),
  )("the metadata of %s is valid", (_name, entry) => {
    expect(JSON.parse(Convert.tableEntryToJson(Convert.toTableEntry(JSON.stringify(entry))))).toEqual(
      JSON.parse(JSON.stringify(entry)),
    );
  });

  it("the event trigger and the function are valid", () => {
    expect(() => Convert.toEventTrigger(JSON.stringify(eventTrigger({ webhook })))).not.toThrow();
    for (const each of functions) expect(() => Convert.toCustomFunction(JSON.stringify(each))).not.toThrow();
  });

  it("the check finds a wrong shape", () => {
    expect(() =>
      Convert.toTableEntry(JSON.stringify({ ...tables[0], select_permissions: [{ role: 1 }] })),
    ).toThrow();
    expect(() => Convert.toEventTrigger(JSON.stringify({ name: EVENT_TRIGGER_NAME }))).toThrow();
  });

  const check: Record<string, (json: string) => unknown> = {
    pg_create_select_permission: Convert.toSelectPermissionEntry,
    pg_create_insert_permission: Convert.toInsertPermissionEntry,
    pg_create_update_permission: Convert.toUpdatePermissionEntry,
    pg_create_delete_permission: Convert.toDeletePermissionEntry,
    pg_create_object_relationship: Convert.toObjectRelationship,
    pg_create_array_relationship: Convert.toArrayRelationship,
    pg_add_computed_field: Convert.toComputedField,
    pg_track_function: Convert.toCustomFunction,
  };
  it.each(
    steps(webhook).map(({ object, create }) => [object, create] as const),
  )("the call for the %s is valid", (_object, call) => {
    const { args } = call;
    if ("table" in args) expect(() => Convert.toQualifiedTable(JSON.stringify(args.table))).not.toThrow();
    const convert = check[call.type];
    if (convert) expect(() => convert(JSON.stringify(args))).not.toThrow();
    else
      expect(["pg_track_table", "pg_create_function_permission", "pg_create_event_trigger"]).toContain(
        call.type,
      );
  });
});

describe("the metadata", () => {
  it("holds the name of the engine's variable with the secret, and no secret", () => {
    expect(everything()).toContain(`"value_from_env":"${WEBHOOK_SECRET_VARIABLE}"`);
    expect(everything()).not.toMatch(/"value":/);
  });

  it("gives no literal time to a permission, which a prepared statement would freeze", () => {
    expect(everything()).not.toMatch(/now\(\)/);
  });

  it("keeps the event trigger's name within the 42 characters that Hasura allows", () => {
    expect(EVENT_TRIGGER_NAME.length).toBeLessThanOrEqual(42);
  });
});

describe("the files for the Hasura CLI", () => {
  it.each([...cliFiles()])("%s matches the metadata", async (path, content) => {
    await expectUpToDate(join(CLI_FOLDER, path), content);
  });

  it("are complete", () => {
    const present = readdirSync(CLI_FOLDER, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name).slice(CLI_FOLDER.length + 1));
    expect(present.sort()).toEqual([...cliFiles().keys()].sort());
  });
});
