import * as z from "zod";
import { maxWorkers, type WorkerKind, workerKinds } from "../modules/chat-synapse/workers/workers.ts";
import { checkedSize, described, size } from "./fields.ts";

const workerCount = (kind: WorkerKind) => {
  const most = maxWorkers[kind];
  const error =
    most === 1
      ? "must be 0 or 1: Synapse gives this work to one process"
      : `must be a whole number from 0 to ${most}`;
  return z.int({ error }).min(0, { error }).max(most, { error }).default(0);
};

/** Processes of the homeserver beside the main one, by what they do; docs/synapse.md tells when to add which. */
export const workers = z
  .strictObject({
    sync: workerCount("sync"),
    client: workerCount("client"),
    events: workerCount("events"),
    streams: workerCount("streams"),
    media: workerCount("media"),
    background: workerCount("background"),
    /** Of each. */
    size: size.superRefine(checkedSize).default({ cpu: 512, memory: 1024 }),
    redisNodeType: described(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, "must be an ElastiCache node type").default(
      "cache.t4g.micro",
    ),
  })
  .refine((counts) => workerKinds.some((kind) => counts[kind] > 0), {
    error: "must count at least one worker; leave workers out to have none",
  });

/** A public key of the user pool, as its `jwks.json` has it. */
const publicKey = z.strictObject({
  kid: described(/^.+$/, "must be the key's id"),
  kty: z.literal("RSA", { error: "must be RSA, as Cognito's keys are" }),
  alg: z.literal("RS256", { error: "must be RS256, as Cognito signs" }),
  n: described(/^[\w-]+$/, "must be base64url"),
  e: described(/^[\w-]+$/, "must be base64url"),
  use: z.literal("sig", { error: "must be sig" }).default("sig"),
});

export const jwt = z.strictObject({
  keys: z.strictObject({
    keys: z.array(publicKey).min(1, {
      error: "must hold the keys of https://cognito-idp.<region>.amazonaws.com/<pool>/.well-known/jwks.json",
    }),
  }),
  audiences: z
    .array(described(/^[\w+]{1,128}$/, "must be the id of an app client of the user pool"))
    .min(1, { error: "must name at least one app client" }),
});

export const previewHosts = z.array(
  described(
    /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(?::[1-9]\d{0,4})?$/,
    "must be a host name in lower case, such as cdn.example.org, or one with a port",
  ),
);

/** As Synapse writes sizes. A user may upload 1 GB a day. */
export const maxUploadSize = described(
  /^[1-9]\d{0,3}M$/,
  "must be a number of megabytes, such as 50M",
).default("50M");

export const oldSigningKeys = z.array(
  z.strictObject({
    id: described(/^ed25519:\w+$/, "must be the key's id, such as ed25519:a_1"),
    /** Base64 without padding. */
    key: described(/^[A-Za-z0-9+/]{43}$/, "must be the public key: 43 characters of base64 without padding"),
    /** When it signed for the last time. */
    expired: z.iso.datetime({ error: "must be a time in UTC, such as 2026-11-21T14:00:00Z" }),
  }),
);
