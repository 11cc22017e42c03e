import * as z from "zod";
import { fargateMemory } from "../constructs/fargate-size.ts";
import { matching, size } from "./fields.ts";

const count = (least: number) =>
  z.int({ error: "must be a whole number" }).min(least, { error: `must be at least ${least}` });

/**
 * Settings of the platform's stack, which makes the infrastructure of an empty account. What is left out has the value of
 * `platformDefaults`.
 */
export const platformSettings = z.strictObject({
  /** Address range of the VPC. @default 10.20.0.0/16 */
  cidr: matching(
    /^(?:10\.\d{1,3}|172\.(?:1[6-9]|2\d|3[01])|192\.168)\.0\.0\/16$/,
    "must be a private range with 16 bits, such as 10.20.0.0/16",
  ).optional(),
  /** Letters of the region's availability zones. */
  zones: z
    .array(matching(/^[a-f]$/, "must be the letter of an availability zone, such as a"))
    .min(2, { error: "must be two or three zones: RDS and the load balancer refuse one" })
    .max(3, { error: "must be two or three zones" })
    .refine((zones) => new Set(zones).size === zones.length, { error: "must name each zone once" })
    .optional(),
  /** Number of NAT gateways: one for all zones, or one in each. */
  natGateways: z.enum(["one", "one-per-zone"], { error: "must be one or one-per-zone" }).optional(),
  /** AWS services, such as `ecr.dkr` or `logs`, that are reached inside the VPC and not by NAT. @default - none */
  interfaceEndpoints: z
    .array(matching(/^[a-z0-9][a-z0-9.-]*$/, "must be a service as in com.amazonaws.<region>.<service>"))
    .optional(),
  /** Who reaches the load balancer. @default cloudflare */
  ingress: z.enum(["cloudflare", "anywhere"], { error: "must be cloudflare or anywhere" }).optional(),
  /** Whether CloudWatch keeps metrics of each task. */
  containerInsights: z.boolean().optional(),
  database: z
    .strictObject({
      /** Version of PostgreSQL; a prefix leaves the rest to RDS. @default 17 */
      engineVersion: matching(/^17(?:\.\d+)?$/, "must be 17 or a version such as 17.7").optional(),
      instanceClass: matching(
        /^db\.[a-z0-9]+\.[a-z0-9]+$/,
        "must be an instance class, such as db.m5.large",
      ).optional(),
      /** GiB at first. */
      storage: count(20).optional(),
      /** GiB up to which RDS raises it. */
      maxStorage: count(22).optional(),
      multiAz: z.boolean().optional(),
      /** Days that automatic backups are kept. */
      backupDays: count(1).max(35, { error: "must be at most 35" }).optional(),
    })
    .optional(),
  /** Prefix of the user pool's hosted domain, which is unique in a region. @default - the project's name */
  cognitoDomain: matching(
    /^(?!.*(?:aws|amazon|cognito))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    "must be lower-case letters, digits and hyphens, without aws, amazon and cognito",
  ).optional(),
  /** Whether people may add a second factor. @default true */
  mfa: z.boolean().optional(),
  /** Whether people make their own accounts. @default true */
  selfSignUp: z.boolean().optional(),
  hasura: size
    .extend({
      /** Image with its tag. Hasura 2, which is what the chat's metadata is for. */
      image: matching(
        /^[a-z0-9./_-]+:v2\.\d+\.\d+[a-z0-9.-]*$/,
        "must be an image of Hasura 2, such as hasura/graphql-engine:v2.48.6",
      ),
      minCount: count(1),
      maxCount: count(1),
      /** Priority of its listener rule. */
      priority: count(1),
      /** Clients of the user pool whose ID tokens are accepted. */
      audience: z.array(z.string().min(1)),
    })
    .partial()
    .optional(),
});

type Settings = z.output<typeof platformSettings>;
type Filled<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> };

/** Settings with every value filled in. */
export type PlatformSettings = Filled<Omit<Settings, "database" | "hasura">> & {
  readonly database: Filled<NonNullable<Settings["database"]>>;
  readonly hasura: Filled<NonNullable<Settings["hasura"]>>;
};

/** What both kinds of environment have. */
const common: Pick<PlatformSettings, "cidr" | "interfaceEndpoints" | "ingress" | "mfa" | "selfSignUp"> = {
  // Apart from 10.0.0.0/16 and 172.31.0.0/16, which most other VPCs have, so that the two can be peered.
  cidr: "10.20.0.0/16",
  // 7.30 dollars a month for each zone and service; NAT reaches the same.
  interfaceEndpoints: [],
  // Every record is proxied, so a request from elsewhere would go around Cloudflare's rules and rate limits.
  ingress: "cloudflare",
  mfa: true,
  selfSignUp: true,
};

const hasura = {
  image: "hasura/graphql-engine:v2.48.6",
  priority: 400,
  // The clients exist after the chat's first deployment only. Until they are named, a token of any client is accepted.
  audience: [],
};

/** Development as small as it can be, production as the source sizes it. */
const platformDefaults: Readonly<
  Record<"development" | "production", Omit<PlatformSettings, "cognitoDomain">>
> = {
  development: {
    ...common,
    // The least that RDS's subnet groups and load balancers take.
    zones: ["a", "b"],
    // 32.85 dollars a month each. Without its zone, development stands still.
    natGateways: "one",
    // Billed by metric; the alarms need none of them.
    containerInsights: false,
    database: {
      // RDS refuses to make a minor version once its support ends: 17.1 to 17.4 since 1 May 2026.
      engineVersion: "17",
      instanceClass: "db.t4g.micro",
      // The minimum of RDS with gp3.
      storage: 20,
      maxStorage: 50,
      multiAz: false,
      // Enough to restore yesterday.
      backupDays: 1,
    },
    hasura: { ...hasura, cpu: 256, memory: 1024, minCount: 1, maxCount: 2 },
  },
  production: {
    ...common,
    // One zone may fail without taking half of the tasks.
    zones: ["a", "b", "c"],
    // A zone's failure must not cut off the others.
    natGateways: "one-per-zone",
    containerInsights: true,
    database: {
      engineVersion: "17",
      instanceClass: "db.m5.large",
      storage: 100,
      maxStorage: 500,
      // A standby in another zone takes over within one to two minutes.
      multiAz: true,
      // A mistake that is found after a long weekend can be corrected, with a week to spare.
      backupDays: 14,
    },
    // Two, so that a deployment or a failed zone leaves one.
    hasura: { ...hasura, cpu: 512, memory: 2048, minCount: 2, maxCount: 4 },
  },
};

/** The settings of an environment's platform, with defaults. */
export function platformOf({
  platform,
  production,
  project,
}: {
  readonly platform: Settings;
  readonly production: boolean;
  readonly project: string;
}): PlatformSettings {
  const defaults = platformDefaults[production ? "production" : "development"];
  const { database, hasura, ...others } = platform;
  return {
    ...withDefaults({ ...defaults, cognitoDomain: project }, others),
    database: withDefaults(defaults.database, database),
    hasura: withDefaults(defaults.hasura, hasura),
  };
}

const withDefaults = <T extends object>(
  defaults: T,
  given: { readonly [K in keyof T]?: T[K] | undefined } = {},
): T => ({
  ...defaults,
  ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
});

/** Problems of the filled-in settings: a path and a message each. */
export function platformProblems(
  settings: PlatformSettings,
  priorities: Readonly<Record<string, number>>,
): { readonly path: readonly string[]; readonly value: unknown; readonly message: string }[] {
  const { database, hasura } = settings;
  const memory = fargateMemory[hasura.cpu] ?? [];
  const taken = Object.entries(priorities).find(([, priority]) => priority === hasura.priority);
  return [
    ...(database.maxStorage >= database.storage * 1.1
      ? []
      : [
          {
            path: ["database", "maxStorage"],
            value: database.maxStorage,
            message: `must be at least a tenth more than storage (${database.storage})`,
          },
        ]),
    ...(hasura.minCount <= hasura.maxCount
      ? []
      : [
          {
            path: ["hasura", "minCount"],
            value: hasura.minCount,
            message: `must not be more than maxCount (${hasura.maxCount})`,
          },
        ]),
    ...(memory.includes(hasura.memory)
      ? []
      : [
          {
            path: ["hasura", "memory"],
            value: hasura.memory,
            message: `is not among the MiB that Fargate allows with cpu ${hasura.cpu}: ${memory.join(", ") || "no such size of CPU"}`,
          },
        ]),
    ...(taken
      ? [
          {
            path: ["hasura", "priority"],
            value: hasura.priority,
            message: `is also the priority of ${taken[0]}: a listener takes each priority once`,
          },
        ]
      : []),
  ];
}
