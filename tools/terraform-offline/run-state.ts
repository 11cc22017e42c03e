import { type Account, readAccount } from "./account.ts";
import { type Role, readRole } from "./iam/role.ts";
import type { JsonObject } from "./json.ts";
import type { Value, Values } from "./plugin/value.ts";

/** A secret or parameter as this run wrote it. It is kept in memory only. */
export interface WrittenSecret {
  readonly text: Value;
  readonly arn?: Value;
  readonly name?: Value;
  readonly type?: Value;
  readonly version: Value;
}

/** What the providers of one run know in common. */
export interface RunState {
  /** Folder from which relative file names are looked up. */
  folder: string;
  /** Seeds that a resource already took its values from. */
  readonly seeds: Set<string>;
  /** Names that are in use, with the id of what bears them. */
  readonly names: Map<string, Value>;
  /** The latest revision of each task definition family. */
  readonly revisions: Map<string, number>;
  /** Container definitions of each task definition, by its ARN. */
  readonly tasks: Map<Value, readonly JsonObject[]>;
  readonly secrets: Map<string, WrittenSecret>;
  /** What existed before the run; `undefined` where everything that is imported is said to exist. */
  readonly account: Account | undefined;
  /** The role whose policies are enforced; `undefined` where everything is allowed. */
  readonly role: Role | undefined;
  /** Attributes of the resources with tags, by ARN, as far as a role is enforced. */
  readonly described: Map<string, Values>;
  /** What data sources find, by type. */
  data: ExistingData;
}

/** Attributes of what exists, by data source type. */
export type ExistingData = Readonly<Record<string, readonly Values[]>>;

export const newRunState = (folder: string): RunState => ({
  folder,
  seeds: new Set(),
  names: new Map(),
  revisions: new Map(),
  tasks: new Map(),
  secrets: new Map(),
  account: readAccount(),
  role: readRole(),
  described: new Map(),
  data: {},
});
