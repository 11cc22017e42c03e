import type { Operation } from "../iam/rights.ts";
import type { ComputedValue } from "../plugin/block.ts";
import type { Diagnostic } from "../plugin/diagnostic.ts";
import type { Block } from "../plugin/schema.ts";
import type { Value, Values } from "../plugin/value.ts";
import type { RunState } from "../run-state.ts";

export interface Context {
  readonly run: RunState;
  /** The provider block that the resource uses. */
  readonly providerConfig: Values | null;
}

export interface PlannedChange {
  readonly config: Values;
  readonly prior: Values | null;
  readonly proposed: Values;
}

interface AppliedChange {
  readonly config: Values;
  readonly prior: Values | null;
  readonly planned: Values;
  readonly block: Block;
}

export type Check = (type: string, config: Values, context: Context) => Diagnostic[];

/** What one provider does beyond its schema. */
export interface Provider {
  readonly checkResource?: Check;
  readonly checkDataSource?: Check;
  readonly checkEphemeral?: Check;
  /** The proposed state with what the provider itself decides at plan. */
  plan?(type: string, change: PlannedChange, context: Context): Values;
  /** Attributes that can't be changed in place. */
  replacedBy?(type: string, block: Block, config: Values): readonly string[];
  /** @throws Diagnostic if the real service would refuse to create or change the resource */
  computed(type: string, change: AppliedChange, context: Context): ComputedValue;
  /** @throws Diagnostic if the real service would refuse the new state */
  applied?(type: string, state: Values, change: AppliedChange, context: Context): void;
  /**
   * The role that is enforced needs the rights for this.
   * @param type of the resource; `data.` and the type of a data source
   * @throws Diagnostic if a right is missing
   */
  authorize?(operation: Operation, type: string, values: Values, context: Context): void;
  /** The resource was found in the state. */
  refreshed?(type: string, state: Values, context: Context): void;
  deleted?(type: string, prior: Values, context: Context): void;
  /** Attributes that an import id tells. */
  imported?(type: string, id: string): Values;
  dataSource(type: string, config: Values, context: Context): ComputedValue;
  /** All values of an ephemeral resource that the configuration does not set. */
  open?(type: string, config: Values, context: Context): Computed;
}

/** Values by attribute; those that are undefined are left to a guess. */
export interface Computed {
  readonly [name: string]: Value | undefined;
}

/** Gives these values to a resource's own attributes, and none to what is nested. */
export const computedFrom =
  (values: Computed): ComputedValue =>
  (name, _type, depth) =>
    depth === 0 ? values[name] : undefined;

/** Attributes that a configuration may set. */
export const settable = (block: Block): string[] =>
  Object.entries(block.attributes ?? {})
    .filter(([, { optional, required }]) => optional || required)
    .map(([name]) => name);
