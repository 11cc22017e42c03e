import type { Check, Context, Provider } from "../providers/provider.ts";
import type { RunState } from "../run-state.ts";
import { conform, fillBlock, planBlock } from "./block.ts";
import { Diagnostic, isError, type PathStep } from "./diagnostic.ts";
import type * as messages from "./messages.ts";
import {
  type Block,
  type BlockSchema,
  loadSchema,
  type ProviderName,
  type ProviderSchema,
  providers,
} from "./schema.ts";
import {
  fromWire,
  isObject,
  isSame,
  isSet,
  mapValues,
  objectFromWire,
  toWire,
  UNKNOWN,
  type Value,
  type Values,
} from "./value.ts";
import { schemaToWire } from "./wire-schema.ts";

/**
 * Marks an object that was imported and not applied since: its arguments are not known, so a difference is no reason
 * to replace it.
 */
const importedMark = Buffer.from("imported");

const wasImported = (mark: Uint8Array | null) => mark !== null && importedMark.equals(mark);

/** A path as the message `AttributePath`. */
const attributePath = (steps: readonly PathStep[]): object => ({
  steps: steps.map((step) =>
    typeof step === "number"
      ? { element_key_int: step, selector: "element_key_int" }
      : { attribute_name: step, selector: "attribute_name" },
  ),
});

export const diagnosticToWire = ({ severity, message, detail, path }: Diagnostic): object => ({
  severity: severity === "warning" ? 2 : 1,
  summary: message,
  detail,
  attribute: path.length ? attributePath(path) : null,
});

/** Write-only arguments came with Terraform 1.11, which says in each call that it knows them. */
const writeOnlyArguments = (block: Block, config: Values): Diagnostic[] =>
  Object.entries(block.attributes ?? {})
    .filter(([name, attribute]) => attribute.write_only && isSet(config[name]))
    .map(
      ([name]) =>
        new Diagnostic(
          "Write-only Attribute Not Allowed",
          `"${name}" is a write-only argument; these need Terraform 1.11 or later.`,
          [name],
        ),
    );

/** A warning for every deprecated argument that is set. */
function deprecatedArguments(
  block: Block,
  config: Value | undefined,
  path: readonly PathStep[] = [],
): Diagnostic[] {
  if (!isObject(config)) return [];
  const own = Object.entries(block.attributes ?? {})
    .filter(([name, { deprecated }]) => deprecated && isSet(config[name]))
    .map(
      ([name]) =>
        new Diagnostic(
          "Argument is deprecated",
          `"${name}" is deprecated in this version of the provider; its documentation says what to use.`,
          [...path, name],
          "warning",
        ),
    );
  const nested = Object.entries(block.block_types ?? {}).flatMap(([name, { nesting_mode, block: inner }]) => {
    const value = config[name];
    return (Array.isArray(value) ? value : [value]).flatMap((element, i) =>
      deprecatedArguments(inner, element, nesting_mode === "list" ? [...path, name, i] : [...path, name]),
    );
  });
  return [...own, ...nested];
}

/** Attributes in which a block that occurs once may be an object: the schema may want a list of one. */
function asBlocks(block: Block, attributes: Values): Values {
  return mapValues(attributes, (value, name) => {
    const nested = block.block_types?.[name];
    if (!nested) return value;
    const inner = (element: Value) => (isObject(element) ? asBlocks(nested.block, element) : element);
    if (Array.isArray(value)) return value.map(inner);
    const single = nested.nesting_mode === "single" || nested.nesting_mode === "group";
    return single || value === null ? inner(value) : [inner(value)];
  });
}

/** One provider as Terraform calls it, whatever the version of the protocol. */
export class ServedProvider {
  readonly source: string;
  readonly protocol: 5 | 6;
  private readonly schema: ProviderSchema;
  private readonly provider: Provider;
  private readonly run: RunState;
  private readonly checksValues = process.env["TF_OFFLINE_NO_CHECKS"] !== "1";
  /** The provider block of each connection: Terraform opens one for each alias. */
  private readonly configs = new Map<string, Values | null>();
  /** The first connection that was warned, by resource and message. */
  private readonly warned = new Map<string, string>();
  private schemaReply: object | undefined;

  constructor(name: ProviderName, provider: Provider, run: RunState) {
    this.source = providers[name].source;
    this.protocol = providers[name].protocol;
    this.provider = provider;
    this.run = run;
    this.schema = loadSchema(name);
  }

  /** The same object each time, so that it is encoded once for all the commands of a run. */
  getSchema(): object {
    this.schemaReply ??= {
      provider: schemaToWire(this.schema.provider),
      resource_schemas: mapValues(this.schema.resource_schemas, schemaToWire),
      data_source_schemas: mapValues(this.schema.data_source_schemas, schemaToWire),
      ephemeral_resource_schemas: mapValues(this.schema.ephemeral_resource_schemas, schemaToWire),
      diagnostics: [],
      provider_meta: null,
      server_capabilities: {
        plan_destroy: false,
        // As the real ones say: Terraform then asks for the schemas once in a command, and not for each instance.
        get_provider_schema_optional: true,
        move_resource_state: false,
      },
    };
    return this.schemaReply;
  }

  configure(request: messages.ConfigureRequest, connection: string): object {
    this.configs.set(connection, objectFromWire(request.config));
    return { diagnostics: [] };
  }

  validateResource(request: messages.ValidateRequest, connection: string): object {
    const block = this.resource(request.type_name);
    const config = objectFromWire(request.config) ?? {};
    const knowsWriteOnly = this.protocol === 6 || request.client_capabilities?.write_only_attributes_allowed;
    return this.report(request.type_name, config, connection, [
      ...(knowsWriteOnly ? [] : writeOnlyArguments(block, config)),
      ...deprecatedArguments(block, config),
      ...this.check(this.provider.checkResource, request.type_name, config, connection),
    ]);
  }

  validateDataSource(request: messages.ValidateRequest, connection: string): object {
    const block = this.dataSource(request.type_name);
    const config = objectFromWire(request.config) ?? {};
    return this.report(request.type_name, config, connection, [
      ...deprecatedArguments(block, config),
      ...this.check(this.provider.checkDataSource, request.type_name, config, connection),
    ]);
  }

  upgradeState(request: messages.UpgradeRequest): object {
    const block = this.resource(request.type_name);
    const { json } = request.raw_state ?? {};
    return { upgraded_state: toWire(conform(block, fromWire({ json }))), diagnostics: [] };
  }

  read(request: messages.ReadRequest, connection: string): object {
    this.resource(request.type_name);
    const state = objectFromWire(request.current_state);
    if (state) {
      const context = this.context(connection);
      this.provider.refreshed?.(request.type_name, state, context);
      this.provider.authorize?.("read", request.type_name, state, context);
    }
    return { new_state: request.current_state, diagnostics: [], private: request.private };
  }

  plan(request: messages.PlanRequest, connection: string): object {
    const type = request.type_name;
    const block = this.resource(type);
    const prior = objectFromWire(request.prior_state);
    const proposed = objectFromWire(request.proposed_new_state);
    const config = objectFromWire(request.config) ?? {};
    const answer = (planned: Value, replacedBy: readonly string[]) => ({
      planned_state: toWire(planned),
      requires_replace: replacedBy.map((name) => attributePath([name])),
      planned_private: request.prior_private,
      diagnostics: [],
    });
    if (proposed === null) return answer(null, []);
    const change = { config, prior, proposed: { ...proposed } };
    const wanted = this.provider.plan?.(type, change, this.context(connection)) ?? proposed;
    if (prior !== null && isSame(wanted, prior)) return answer(prior, []);
    const planned = planBlock(block, wanted);
    if (prior === null || wasImported(request.prior_private) || !isObject(planned))
      return answer(planned, []);
    const isReplaced = (name: string) => {
      const [after, before] = [planned[name] ?? null, prior[name] ?? null];
      const bothEmpty =
        Array.isArray(after) && Array.isArray(before) && after.length === 0 && before.length === 0;
      return !isSame(after, before) && isSet(config[name]) && !bothEmpty;
    };
    return answer(planned, (this.provider.replacedBy?.(type, block, config) ?? []).filter(isReplaced));
  }

  apply(request: messages.ApplyRequest, connection: string): object {
    const type = request.type_name;
    const block = this.resource(type);
    const context = this.context(connection);
    const prior = objectFromWire(request.prior_state);
    const planned = objectFromWire(request.planned_state);
    if (planned === null) {
      if (prior) {
        this.provider.authorize?.("delete", type, prior, context);
        this.provider.deleted?.(type, prior, context);
      }
      return { new_state: toWire(null), private: Buffer.alloc(0), diagnostics: [] };
    }
    const config = objectFromWire(request.config) ?? {};
    const errors = this.check(this.provider.checkResource, type, config, connection).filter(isError);
    if (errors.length)
      return {
        new_state: request.prior_state,
        private: request.planned_private,
        diagnostics: errors.map(diagnosticToWire),
      };
    const change = { config, prior, planned, block };
    const state = fillBlock(block, planned, this.provider.computed(type, change, context));
    if (isObject(state)) {
      this.provider.authorize?.(prior ? "update" : "create", type, state, context);
      this.provider.applied?.(type, state, change, context);
    }
    return {
      new_state: toWire(state),
      private: wasImported(request.planned_private) ? Buffer.alloc(0) : request.planned_private,
      diagnostics: [],
    };
  }

  importState(request: messages.ImportRequest, connection: string): object {
    const { type_name: type, id } = request;
    const block = this.resource(type);
    const { account } = this.run;
    const existing = account?.resources.find((resource) => resource.type === type && resource.id === id);
    if (account && !existing)
      throw new Diagnostic(
        "Cannot import non-existent remote object",
        `While attempting to import an existing object to a resource of type ${type}, the provider detected that no object exists with the id "${id}".`,
      );
    const start = conform(block, {
      id,
      ...(block.attributes?.arn && id.startsWith("arn:") ? { arn: id } : {}),
      ...this.provider.imported?.(type, id),
      ...(existing && asBlocks(block, existing.attributes)),
    });
    if (!isObject(start)) throw new Error(`${type} has no attributes`);
    for (const [name, { computed }] of Object.entries(block.attributes ?? {}))
      if (start[name] === null && computed) start[name] = UNKNOWN;
    const change = { config: start, prior: null, planned: start, block };
    const computed = this.provider.computed(type, change, this.context(connection));
    const state = toWire(fillBlock(block, start, computed));
    // With an account every argument is known, so a difference may well be a reason to replace the object.
    const mark = existing ? Buffer.alloc(0) : importedMark;
    return { imported_resources: [{ type_name: type, state, private: mark }], diagnostics: [] };
  }

  readData(request: messages.ReadDataRequest, connection: string): object {
    const type = request.type_name;
    const block = this.dataSource(type);
    const config = objectFromWire(request.config) ?? {};
    const planned = planBlock(block, config);
    const context = this.context(connection);
    this.provider.authorize?.("read", `data.${type}`, config, context);
    const computed = this.provider.dataSource(type, config, context);
    return { state: toWire(fillBlock(block, planned, computed)), diagnostics: [] };
  }

  validateEphemeral(request: messages.ValidateRequest, connection: string): object {
    const block = this.ephemeral(request.type_name);
    const config = objectFromWire(request.config) ?? {};
    return {
      diagnostics: [
        ...deprecatedArguments(block, config),
        ...this.check(this.provider.checkEphemeral, request.type_name, config, connection),
      ].map(diagnosticToWire),
    };
  }

  /** An ephemeral resource lives for one operation: it is opened for a plan, and anew for the apply. */
  openEphemeral(request: messages.OpenRequest, connection: string): object {
    const type = request.type_name;
    const block = this.ephemeral(type);
    const config = objectFromWire(request.config) ?? {};
    const errors = this.check(this.provider.checkEphemeral, type, config, connection).filter(isError);
    if (errors.length) return { result: null, diagnostics: errors.map(diagnosticToWire) };
    const opened = this.provider.open?.(type, config, this.context(connection)) ?? {};
    const result = mapValues(block.attributes, (_, name) => config[name] ?? opened[name] ?? null);
    return { result: toWire(result), diagnostics: [] };
  }

  renewEphemeral(request: messages.RenewRequest): object {
    this.ephemeral(request.type_name);
    return { private: request.private, diagnostics: [] };
  }

  closeEphemeral(request: messages.TypeRequest): object {
    this.ephemeral(request.type_name);
    return { diagnostics: [] };
  }

  private context(connection: string): Context {
    return { run: this.run, providerConfig: this.configs.get(connection) ?? null };
  }

  private check(
    check: Check | undefined,
    type: string,
    config: Values,
    connection: string,
  ): readonly Diagnostic[] {
    return (this.checksValues && check?.(type, config, this.context(connection))) || [];
  }

  /**
   * Every command validates each resource twice, and parses the whole configuration anew to show a warning, so only the
   * first walk that meets a warning is told.
   */
  private report(
    type: string,
    config: Values,
    connection: string,
    diagnostics: readonly Diagnostic[],
  ): object {
    const isNew = (warning: Diagnostic) => {
      const key = JSON.stringify([type, config, warning.message, warning.path]);
      const first = this.warned.get(key) ?? connection;
      this.warned.set(key, first);
      return first === connection;
    };
    return { diagnostics: diagnostics.filter((one) => isError(one) || isNew(one)).map(diagnosticToWire) };
  }

  private resource(type: string): Block {
    return this.find(this.schema.resource_schemas, type, "resource type");
  }

  private dataSource(type: string): Block {
    return this.find(this.schema.data_source_schemas, type, "data source");
  }

  private ephemeral(type: string): Block {
    return this.find(this.schema.ephemeral_resource_schemas, type, "ephemeral resource");
  }

  private find(schemas: Record<string, BlockSchema>, type: string, kind: string): Block {
    const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
    if (!schema)
      throw new Diagnostic(
        `Unknown ${kind}`,
        `${this.source} as served by terraform-offline has no ${kind} "${type}".`,
      );
    return schema.block;
  }
}
