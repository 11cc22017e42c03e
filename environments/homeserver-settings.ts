import * as z from "zod";
import { maxWorkers, type WorkerKind, workerKinds } from "../modules/chat-synapse/workers/workers.ts";
import { checkedSize, matching, size } from "./fields.ts";

const workerCount = (kind: WorkerKind) => {
  const max = maxWorkers[kind];
  const error =
    max === 1
      ? "must be 0 or 1: Synapse gives this work to one process"
      : `must be a whole number from 0 to ${max}`;
  return z.int({ error }).min(0, { error }).max(max, { error }).default(0);
};

/** Number of worker processes of the homeserver by kind; docs/synapse.md says when to add which. */
export const workers = z
  .strictObject({
    sync: workerCount("sync"),
    client: workerCount("client"),
    events: workerCount("events"),
    streams: workerCount("streams"),
    media: workerCount("media"),
    background: workerCount("background"),
    /** CPU and memory of each worker. */
    size: size.superRefine(checkedSize).default({ cpu: 512, memory: 1024 }),
    redisNodeType: matching(/^cache\.[a-z0-9]+\.[a-z0-9]+$/, "must be an ElastiCache node type").default(
      "cache.t4g.micro",
    ),
  })
  .refine((counts) => workerKinds.some((kind) => counts[kind] > 0), {
    error: "must count at least one worker; leave workers out to have none",
  });

/** A public key from the user pool's `jwks.json`. */
const publicKey = z.strictObject({
  kid: matching(/^.+$/, "must be the key's id"),
  kty: z.literal("RSA", { error: "must be RSA, as Cognito's keys are" }),
  alg: z.literal("RS256", { error: "must be RS256, as Cognito signs" }),
  n: matching(/^[\w-]+$/, "must be base64url"),
  e: matching(/^[\w-]+$/, "must be base64url"),
  use: z.literal("sig", { error: "must be sig" }).default("sig"),
});

export const jwt = z.strictObject({
  keys: z.strictObject({
    keys: z.array(publicKey).min(1, {
      error: "must hold the keys of https://cognito-idp.<region>.amazonaws.com/<pool>/.well-known/jwks.json",
    }),
  }),
  audiences: z
    .array(matching(/^[\w+]{1,128}$/, "must be the id of an app client of the user pool"))
    .min(1, { error: "must name at least one app client" }),
});

export const previewHosts = z.array(
  matching(
    /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(?::[1-9]\d{0,4})?$/,
    "must be a host name in lower case, such as cdn.example.org, or one with a port",
  ),
);

/** As Synapse writes sizes. A user may upload 1 GB a day. */
export const maxUploadSize = matching(
  /^[1-9]\d{0,3}M$/,
  "must be a number of megabytes, such as 50M",
).default("50M");

export const oldSigningKeys = z.array(
  z.strictObject({
    id: matching(/^ed25519:\w+$/, "must be the key's id, such as ed25519:a_1"),
    /** Base64 without padding. */
    key: matching(/^[A-Za-z0-9+/]{43}$/, "must be the public key: 43 characters of base64 without padding"),
    /** When it signed for the last time. */
    expired: z.iso.datetime({ error: "must be a time in UTC, such as 2026-11-21T14:00:00Z" }),
  }),
);
