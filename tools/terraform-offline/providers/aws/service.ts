import type { Values } from "../../plugin/value.ts";
import type { Computed, Context } from "../provider.ts";
import type { Checks } from "./checks.ts";
import type { Ids } from "./ids.ts";

/** The run and the provider block, with the configuration of the resource at hand. */
interface ResourceContext extends Context {
  readonly config: Values;
}

/** What AWS allows once in a region. */
export interface Unique {
  /** Attributes that together name it. */
  readonly by: readonly string[];
  /** AWS's error for the second one. */
  readonly error: string;
  /** AWS's sentence for the second one. */
  readonly message?: (state: Values) => string;
  /** Whether it is unique in the whole account. @default false */
  readonly inAllRegions?: boolean;
}

export interface AwsResource {
  /** Constraints on the configuration. Values that are not known yet are looked at again at apply. */
  readonly check?: (checks: Checks, config: Values) => void;
  /** Values of computed attributes; only those that are unknown in the plan are used. */
  readonly computed?: (planned: Values, ids: Ids, context: ResourceContext) => Computed;
  /** Attributes that can't be changed in place. */
  readonly replacedBy?: readonly string[];
  /** More of them, by the configuration. */
  readonly replacedIf?: (config: Values) => readonly string[];
  readonly unique?: Unique;
  /** What others of the run have to know of the new state. @throws Diagnostic if AWS would refuse it */
  readonly applied?: (state: Values, context: ResourceContext) => void;
  /** The same for what a former run left in the state. */
  readonly refreshed?: (state: Values, context: Context) => void;
  /** The attribute that an import id stands for, beside `id`. */
  readonly importedBy?: string;
}

export interface AwsDataSource {
  readonly check?: (checks: Checks, config: Values) => void;
  readonly computed?: (config: Values, ids: Ids, context: Context) => Computed;
}

export interface AwsEphemeral {
  readonly check?: (checks: Checks, config: Values) => void;
  readonly open: (config: Values, context: Context) => Computed;
}

/** What is known of some types beside their schema, by their full name. */
export interface AwsService {
  readonly resources: Readonly<Record<string, AwsResource>>;
  readonly dataSources?: Readonly<Record<string, AwsDataSource>>;
  readonly ephemerals?: Readonly<Record<string, AwsEphemeral>>;
}
