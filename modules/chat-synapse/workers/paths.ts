import type { WorkerKind } from "./workers.ts";

/** A listener rule before the homeserver's own, for requests that a kind of worker answers. */
export interface WorkerRule {
  /** Part of the rule's address. */
  readonly id: string;
  readonly kind: WorkerKind;
  /** Regular expressions for the whole path; one of them must match. */
  readonly paths: readonly string[];
  /** Whether it needs the sign-in of the admin paths. */
  readonly admin?: true;
  /** Whether it exists only with federation. */
  readonly federation?: true;
}

const CLIENT_API = "^/_matrix/client/(api/v1|r0|v3|unstable)";
const FEDERATION_API = "^/_matrix/federation";

/**
 * The paths that Synapse's documentation gives to workers (docs/workers.md of element-hq/synapse), by kind of worker.
 * A rule's index in this list is added to the first of the reserved priorities, so append new rules at the end.
 *
 * The main process keeps some paths that it also lists: signing in and registering, because every process counts its own
 * attempts and a single sign-on must start and end in one; `/_synapse/admin/v1/rooms/` and `/v2/users/`, because one
 * process is enough for administrators.
 */
export const workerRules: readonly WorkerRule[] = [
  {
    id: "sync",
    kind: "sync",
    paths: ["^/_matrix/client/(api/v1|r0|v3)/(sync|events|initialSync|rooms/[^/]+/initialSync)$"],
  },
  {
    id: "rooms",
    kind: "client",
    paths: [
      `${CLIENT_API}/rooms/[^/]+/(joined_members|members|state|context/.*|event/.*|aliases)$`,
      "^/_matrix/client/(v1|unstable)/rooms/[^/]+/(hierarchy|relations/.*|threads|timestamp_to_event)$",
      "^/_matrix/client/(unstable/im.nheko.summary/summary|v1/room_summary)/.*$",
    ],
  },
  {
    id: "directory",
    kind: "client",
    paths: [
      `${CLIENT_API}/(publicRooms|joined_rooms|search|user_directory/search|directory/room/.*)$`,
      `${CLIENT_API}/(account/(3pid|whoami|deactivate)|capabilities|notifications|voip/turnServer)$`,
      "^/_matrix/client/versions$",
    ],
  },
  {
    id: "keys",
    kind: "client",
    paths: [
      "^/_matrix/client/unstable/.*/rooms/[^/]+/aliases$",
      `${CLIENT_API}/(keys/(query|changes|claim)|room_keys/.*|user/[^/]+/filter(/.*)?)$`,
      "^/_matrix/client/unstable/org.matrix.msc4140/delayed_events(/.*/restart)?$",
    ],
  },
  {
    id: "federation",
    kind: "client",
    federation: true,
    paths: [
      `${FEDERATION_API}/v1/(event|state|state_ids|backfill|get_missing_events|query|make_join|make_leave|event_auth|hierarchy)/.*$`,
      `${FEDERATION_API}/v1/(make_knock|send_knock|timestamp_to_event|exchange_third_party_invite|user/devices)/.*$`,
      `${FEDERATION_API}/v[12]/(send_join|send_leave|invite)/.*$`,
    ],
  },
  {
    id: "federation-public",
    kind: "client",
    federation: true,
    paths: [`${FEDERATION_API}/v1/(version|publicRooms.*)$`, "^/_matrix/key/v2/query.*$"],
  },
  {
    id: "events",
    kind: "events",
    paths: [
      `${CLIENT_API}/rooms/[^/]+/(redact|send|state)/.*$`,
      `${CLIENT_API}/rooms/[^/]+/(join|invite|leave|ban|unban|kick)$`,
      `${CLIENT_API}/(createRoom|(join|knock|profile)/.*)$`,
    ],
  },
  {
    id: "streams",
    kind: "streams",
    paths: [
      // All pages of a room must come from one process; this kind has only one.
      `${CLIENT_API}/rooms/[^/]+/(typing/.*|receipt/.*|read_markers|messages)$`,
      `${CLIENT_API}/(user/.*/(tags|account_data)(/.*)?|(sendToDevice|presence|pushrules)/.*)$`,
      `${CLIENT_API}/(delete_devices|devices(/.*)?|keys/(upload(/.*)?|(device_signing|signatures)/upload))$`,
    ],
  },
  {
    id: "federation-transactions",
    kind: "streams",
    federation: true,
    // All transactions of a server must go to one process too.
    paths: [`${FEDERATION_API}/v1/send/.*$`],
  },
  {
    id: "media",
    kind: "media",
    paths: ["^/_matrix/(media|client/v1/media|federation/v1/media)/.*$", "^/_synapse/media/.*$"],
  },
  {
    id: "media-admin",
    kind: "media",
    admin: true,
    paths: [
      "^/_synapse/admin/v1/(purge_media_cache|media/.*|quarantine_media/.*)$",
      "^/_synapse/admin/v1/(room|user)/.*/media.*$",
      "^/_synapse/admin/v1/users/.*/media$",
    ],
  },
];

/** Number of priorities that an environment reserves for these rules and future ones. */
export const RESERVED_PRIORITIES = 16;
