import { authorize } from "../../iam/authorize.ts";
import type { ComputedValue } from "../../plugin/block.ts";
import type { Diagnostic } from "../../plugin/diagnostic.ts";
import type { Type } from "../../plugin/schema.ts";
import {
  blocksOf,
  isObject,
  isSame,
  isSet,
  isUnknown,
  textOf,
  UNKNOWN,
  type Value,
  type Values,
} from "../../plugin/value.ts";
import { CREATED } from "../invented.ts";
import type { Computed, Context, PlannedChange, Provider } from "../provider.ts";
import { account } from "./account.ts";
import { Checks } from "./checks.ts";
import { cognito } from "./cognito.ts";
import { databases } from "./databases.ts";
import { ec2 } from "./ec2.ts";
import { ecs } from "./ecs.ts";
import { edge } from "./edge.ts";
import { events } from "./events.ts";
import { iam } from "./iam.ts";
import { ACCOUNT, Ids, regionOf } from "./ids.ts";
import { lambda } from "./lambda.ts";
import { loadBalancing } from "./load-balancing.ts";
import { messaging } from "./messaging.ts";
import { monitoring } from "./monitoring.ts";
import { secrets } from "./secrets.ts";
import type { AwsDataSource, AwsEphemeral, AwsResource } from "./service.ts";
import { storage } from "./storage.ts";
import { claimName, keepName, releaseName } from "./unique.ts";

const services = [
  account,
  cognito,
  databases,
  ec2,
  ecs,
  edge,
  events,
  iam,
  lambda,
  loadBalancing,
  messaging,
  monitoring,
  secrets,
  storage,
];

const allResources: Readonly<Record<string, AwsResource>> = Object.assign(
  {},
  ...services.map(({ resources }) => resources),
);
const allDataSources: Readonly<Record<string, AwsDataSource>> = Object.assign(
  {},
  ...services.map(({ dataSources }) => dataSources),
);
const allEphemerals: Readonly<Record<string, AwsEphemeral>> = Object.assign(
  {},
  ...services.map(({ ephemerals }) => ephemerals),
);

function found(check: AwsResource["check"], config: Values): Diagnostic[] {
  const checks = new Checks();
  check?.(checks, config);
  return checks.found;
}

/** A value for a computed attribute that no table names. */
function guess(name: string, type: Type | undefined, ids: Ids, depth: number): Value | undefined {
  if (type !== "string") return undefined;
  if (name === "region") return ids.region;
  if (/^(owner_id|account_id|aws_account_id|registry_id|owner)$/.test(name)) return ACCOUNT;
  if (/(^|_)(create|created|creation|last_modified|last_updated)(_date|_time|_at)?$/.test(name))
    return CREATED;
  if (depth > 0) return undefined;
  if (name === "id") return ids.hex(20);
  if (name === "arn") return ids.arn("service", `resource/${ids.hex(20)}`);
  return name === "name" ? ids.name() : undefined;
}

const valuesOf =
  (own: Computed, ids: Ids): ComputedValue =>
  (name, type, depth) => {
    const value = depth === 0 ? own[name] : undefined;
    return value === undefined ? guess(name, type, ids, depth) : value;
  };

/** Tags of the provider block and of the resource together. */
function allTags({ config, proposed }: PlannedChange, { providerConfig }: Context): Values {
  if (!("tags_all" in proposed && "tags" in proposed) || isSet(config.tags_all)) return {};
  const defaults = blocksOf(providerConfig?.default_tags)[0]?.tags;
  if (isUnknown(config.tags) || isUnknown(defaults)) return { tags_all: UNKNOWN };
  return {
    tags_all: {
      ...(isObject(defaults) ? defaults : {}),
      ...(isObject(config.tags) ? config.tags : {}),
    },
  };
}

const codeAttributes = [
  "filename",
  "s3_key",
  "s3_object_version",
  "image_uri",
  "source_code_hash",
  "runtime",
  "handler",
];

/** What Lambda computes anew when a function's code changes. */
function newCode(type: string, { prior, proposed }: PlannedChange): Values {
  if (type !== "aws_lambda_function" || !prior) return {};
  if (codeAttributes.every((name) => isSame(proposed[name] ?? null, prior[name] ?? null))) return {};
  return { last_modified: UNKNOWN, code_sha256: UNKNOWN, source_code_size: UNKNOWN };
}

/** The first that agrees with every attribute that both it and the configuration have. */
const existing = (type: string, config: Values, { run }: Context): Values | undefined =>
  run.data[type]?.find((found) =>
    Object.entries(found).every(
      ([name, value]) => !isSet(config[name]) || isSame(config[name] ?? null, value),
    ),
  );

/** Keeps what IAM asks of other resources than the one at hand: tags, and a role's permissions boundary. */
function remember(state: Values, { run }: Context): void {
  const arn = [state.arn, state.id].map(textOf).find((text) => text?.startsWith("arn:"));
  if (run.role && arn && "tags_all" in state) run.described.set(arn, state);
}

export const aws: Provider = {
  checkResource(type, config) {
    const checks = new Checks();
    allResources[type]?.check?.(checks, config);
    checks.tags(config.tags);
    return checks.found;
  },
  checkDataSource: (type, config) => found(allDataSources[type]?.check, config),
  checkEphemeral: (type, config) => found(allEphemerals[type]?.check, config),
  plan: (type, change, context) => ({
    ...change.proposed,
    ...allTags(change, context),
    ...newCode(type, change),
  }),
  replacedBy: (type, _block, config) => [
    ...(allResources[type]?.replacedBy ?? []),
    ...(allResources[type]?.replacedIf?.(config) ?? []),
  ],
  computed(type, { planned, config }, context) {
    const ids = new Ids(type, planned, context);
    const own = allResources[type]?.computed?.(planned, ids, { ...context, config }) ?? {};
    return valuesOf(own, ids);
  },
  authorize,
  applied(type, state, { prior, config }, context) {
    remember(state, context);
    const { applied, unique } = allResources[type] ?? {};
    applied?.(state, { ...context, config });
    if (unique) claimName(type, unique, state, prior, context.run);
  },
  refreshed(type, state, context) {
    remember(state, context);
    const { refreshed, unique } = allResources[type] ?? {};
    if (unique) keepName(type, unique, state, context.run);
    refreshed?.(state, context);
  },
  deleted(type, prior, { run }) {
    const unique = allResources[type]?.unique;
    if (unique) releaseName(type, unique, prior, run);
  },
  imported(type, id): Values {
    const attribute = allResources[type]?.importedBy;
    return attribute === undefined ? {} : { [attribute]: id };
  },
  dataSource(type, config, context) {
    // The same data source read twice gives the same values, so it does not look at which seeds are taken.
    const ids = new Ids(`data.${type}`, config, { ...context, run: { ...context.run, seeds: new Set() } });
    const own = allDataSources[type]?.computed?.(config, ids, context) ?? {};
    return valuesOf({ ...own, ...existing(type, config, context) }, ids);
  },
  open: (type, config, context) => ({
    region: regionOf(config, context),
    ...allEphemerals[type]?.open(config, context),
  }),
};
