import type { WorkerKind } from "../modules/chat-synapse/workers/workers.ts";

const all = "{api/v1,r0,v3,unstable}";
const noApi = "{r0,v3,unstable}";
const room = "!r%3Aexample.org";
const user = "@u%3Aexample.org";

const client = {
  sync: [
    "{r0,v3}/sync",
    "{api/v1,r0,v3}/events",
    "{api/v1,r0,v3}/initialSync",
    `{api/v1,r0,v3}/rooms/${room}/initialSync`,
  ],
  client: [
    `${all}/publicRooms`,
    `${all}/rooms/${room}/{joined_members,members,state,context/$e,event/$e}`,
    `{api/v1,r0,v3,unstable/org.matrix.msc2432}/rooms/${room}/aliases`,
    `v1/rooms/${room}/{hierarchy,threads,timestamp_to_event}`,
    `{v1,unstable}/rooms/${room}/relations/{$e,$e/m.annotation,$e/m.annotation/m.reaction}`,
    `{unstable/im.nheko.summary/summary,v1/room_summary}/${room}`,
    `${noApi}/account/{3pid,whoami,deactivate}`,
    `${noApi}/{capabilities,notifications}`,
    `${all}/{voip/turnServer,joined_rooms,search}`,
    `${all}/directory/room/%23a%3Aexample.org`,
    `${noApi}/user/${user}/filter{,/7}`,
    "versions",
    `${noApi}/keys/{query,changes,claim}`,
    `${noApi}/room_keys/{version,version/1,keys,keys/${room},keys/${room}/s}`,
    `${noApi}/user_directory/search`,
    "unstable/org.matrix.msc4140/delayed_events{,/d/restart}",
  ],
  events: [
    `${all}/createRoom`,
    `${all}/rooms/${room}/{redact/$e,redact/$e/1,send/m.room.message,send/m.room.message/1}`,
    `${all}/rooms/${room}/state/{m.room.name,m.room.name/,m.room.member/${user}}`,
    `${all}/rooms/${room}/{join,invite,leave,ban,unban,kick}`,
    `${all}/{join,knock}/%23a%3Aexample.org`,
    `${all}/profile/{${user},${user}/displayname,${user}/avatar_url}`,
  ],
  streams: [
    `${all}/rooms/${room}/{messages,typing/${user}}`,
    `${noApi}/rooms/${room}/{receipt/m.read/$e,read_markers}`,
    `${noApi}/sendToDevice/m.dummy/1`,
    `${noApi}/user/${user}/rooms/${room}/{tags,tags/u.a,account_data/a.b}`,
    `${noApi}/user/${user}/account_data/a.b`,
    `${all}/presence/${user}/status`,
    `${all}/pushrules/{,global/,global/content/r,global/content/r/enabled}`,
    "{r0,v3}/delete_devices",
    `${all}/devices{,/D}`,
    `${noApi}/keys/upload`,
    "r0/keys/upload/D",
    `${all}/keys/{device_signing,signatures}/upload`,
  ],
  media: ["v1/media/{config,preview_url,download/a/b,download/a/b/c,thumbnail/a/b}"],
} as const;

/** As the documentation lists them; the main process keeps them, for the reasons that worker-paths.ts tells. */
const keptByMain = [
  `${all}/login`,
  `${noApi}/register{,/available}`,
  "v1/register/m.login.registration_token/validity",
  `${noApi}/password_policy`,
  `${all}/login/sso/redirect{,/oidc-cognito}`,
];
const notForWorkers = [
  "v3/{logout,logout/all,refresh,account/password,account/3pid/add}",
  "v1/login/get_token",
  `v3/rooms/${room}/{forget,upgrade,report,report/$e}`,
  "v3/{pushers,pushers/set,thirdparty/protocols}",
  `v3/user/${user}/openid/request_token`,
  `v3/admin/whois/${user}`,
  `v3/directory/list/room/${room}`,
];

const below = (prefix: string, patterns: readonly string[]) =>
  patterns.flatMap((pattern) => expand(`${prefix}${pattern}`));

/**
 * Paths of requests, by the kind of worker that Synapse's documentation (docs/workers.md of element-hq/synapse, read at
 * version 1.157) lets answer them and we have answer them. Every expression of its list has at least one path here.
 */
export const workerEndpoints: Readonly<Record<Exclude<WorkerKind, "background">, readonly string[]>> = {
  sync: below("/_matrix/client/", client.sync),
  client: below("/_matrix/client/", client.client),
  events: below("/_matrix/client/", client.events),
  streams: below("/_matrix/client/", client.streams),
  media: [
    ...below("/_matrix/client/", client.media),
    ...below("/_matrix/media/", [
      "{r0,v1,v3}/{upload,config,preview_url,download/a/b,thumbnail/a/b}",
      "v1/create",
    ]),
  ],
};

/** The same for requests of other servers; they are routed to workers with federation only. */
export const federationEndpoints = {
  client: [
    ...below("/_matrix/federation/v1/", [
      "version",
      "event/$e",
      `{state,state_ids,backfill,get_missing_events,hierarchy}/${room}`,
      "publicRooms",
      "query/{directory,profile}",
      `{make_join,make_leave,make_knock}/${room}/${user}`,
      `send_knock/${room}/$e`,
      `event_auth/${room}/$e`,
      `timestamp_to_event/${room}`,
      `exchange_third_party_invite/${room}`,
      `user/devices/${user}`,
    ]),
    ...below("/_matrix/federation/", [`{v1,v2}/{send_join,send_leave,invite}/${room}/$e`]),
    "/_matrix/key/v2/query",
    "/_matrix/key/v2/query/example.org",
  ],
  streams: ["/_matrix/federation/v1/send/1"],
  media: ["/_matrix/federation/v1/media/download/a", "/_matrix/federation/v1/media/thumbnail/a"],
} as const;

/** Administrators' requests about media. */
export const mediaAdminEndpoints = below("/_synapse/admin/v1/", [
  "purge_media_cache",
  `room/${room}/media{,/quarantine}`,
  `user/${user}/media/quarantine`,
  "media/{protect/m,unprotect/m,quarantine/a/m,unquarantine/a/m,delete,example.org/m,example.org/delete}",
  `quarantine_media/${room}`,
  `users/${user}/media`,
]);

/** What stays with the main process. */
export const mainEndpoints = {
  client: [...below("/_matrix/client/", [...keptByMain, ...notForWorkers])],
  others: [
    ...below("/_synapse/client/", [
      "pick_idp",
      "pick_username/account_details",
      "new_user_consent",
      "sso_register",
      "oidc/callback",
    ]),
    "/.well-known/matrix/client",
    "/.well-known/matrix/server",
  ],
  admin: below("/_synapse/admin/", [
    "v1/register",
    "v2/users",
    `v2/users/${user}`,
    "v1/rooms",
    `v1/rooms/${room}`,
    `v1/rooms/${room}/members`,
    "v1/server_version",
    "v1/statistics/users/media",
  ]),
} as const;

/** `a{b,c}` as `ab` and `ac`; braces don't nest. */
function expand(pattern: string): string[] {
  const [whole, alternatives] = /\{([^}]*)\}/.exec(pattern) ?? [];
  if (whole === undefined || alternatives === undefined) return [pattern];
  return alternatives.split(",").flatMap((one) => expand(pattern.replace(whole, () => one)));
}
