/** The metadata as calls of Hasura's metadata API (`POST /v1/metadata`). */
import type { TableEntry } from "@hasura/metadata";
import { HASURA_SOURCE as source } from "../../../shared/hasura-names.ts";
import { eventTrigger, eventTriggerTable, functions, tables, usersTable } from "./metadata.ts";

export interface Call {
  readonly type: string;
  readonly args: object;
}

/** One object to create, and what to do if the engine answers that it exists. */
export interface Step {
  /** Name of the object in the log, such as "select permission of user on chat_rooms". */
  readonly object: string;
  readonly create: Call;
  /** `keep` leaves the existing object; a call replaces it in one transaction of the engine. */
  readonly ifExists: "keep" | Call;
}

const permissionKinds = ["select", "insert", "update", "delete"] as const;

function permissions(entry: TableEntry, ifExists: "keep" | "replace"): Step[] {
  return permissionKinds.flatMap((kind) =>
    (entry[`${kind}_permissions`] ?? []).map(({ role, permission }): Step => {
      const create = {
        type: `pg_create_${kind}_permission`,
        args: { source, table: entry.table, role, permission },
      };
      const drop = { type: `pg_drop_${kind}_permission`, args: { source, table: entry.table, role } };
      return {
        object: `${kind} permission of ${role} on ${entry.table.name}`,
        create,
        ifExists: ifExists === "keep" ? "keep" : { type: "bulk", args: [drop, create] },
      };
    }),
  );
}

const track = (entry: TableEntry): Step => ({
  object: `table ${entry.table.name}`,
  create: { type: "pg_track_table", args: { source, table: entry.table } },
  ifExists: "keep",
});

function fields(entry: TableEntry): Step[] {
  const add = (object: string, type: string, args: object): Step => ({
    object: `${object} of ${entry.table.name}`,
    create: { type, args: { source, table: entry.table, ...args } },
    ifExists: "keep",
  });
  return [
    ...(entry.computed_fields ?? []).map((field) =>
      add(`computed field ${field.name}`, "pg_add_computed_field", field),
    ),
    ...(entry.object_relationships ?? []).map((field) =>
      add(`relationship ${field.name}`, "pg_create_object_relationship", field),
    ),
    ...(entry.array_relationships ?? []).map((field) =>
      add(`relationship ${field.name}`, "pg_create_array_relationship", field),
    ),
  ];
}

/** Every step, ordered so that no object refers to one that does not exist yet. */
export function steps(webhook: string): Step[] {
  const trigger = { source, table: eventTriggerTable, ...eventTrigger({ webhook }) };
  // The API takes the operations flat, the metadata files below "definition".
  const { definition, ...rest } = trigger;
  const createTrigger = (replace: boolean): Call => ({
    type: "pg_create_event_trigger",
    args: { ...rest, ...definition, replace },
  });
  return [
    ...[usersTable, ...tables].map(track),
    ...tables.flatMap(fields),
    ...permissions(usersTable, "keep"),
    ...tables.flatMap((entry) => permissions(entry, "replace")),
    ...functions.flatMap(({ permissions: allowed, ...tracked }): Step[] => [
      {
        object: `function ${tracked.function.name}`,
        create: { type: "pg_track_function", args: { source, ...tracked } },
        ifExists: "keep",
      },
      ...allowed.map(
        ({ role }): Step => ({
          object: `permission of ${role} for function ${tracked.function.name}`,
          create: {
            type: "pg_create_function_permission",
            args: { source, function: tracked.function, role },
          },
          ifExists: "keep",
        }),
      ),
    ]),
    {
      object: `event trigger ${rest.name}`,
      create: createTrigger(false),
      ifExists: createTrigger(true),
    },
  ];
}
