/** The homeserver's configuration, `homeserver.yaml`, as data. It holds no secret. */

import {
  BOTS,
  IDENTITY_PROVIDER,
  MOBILE_REDIRECT,
  RESERVED_PREFIX,
  roomAliases,
} from "../../../shared/matrix-names.ts";
import { listeners, sharedWorkerConfig, type WorkerTopology } from "../workers/workers.ts";
import { containerPaths } from "./container.ts";

/** People whose push rules are kept in memory. */
const PUSH_RULES = 20_000;

/** Homeservers that may exchange events with ours. */
export interface Federation {
  readonly domains: readonly string[];
}

/**
 * Lets an app that holds a Cognito ID token sign in without a browser (`org.matrix.login.jwt`). The Cognito `sub` then
 * becomes the local part of every new Matrix id, by browser too, so that both ways lead to one account: decide before
 * the first person signs in.
 */
export interface JwtLogin {
  /**
   * The user pool's key set, from its `jwks.json`. Synapse does not refresh it: after Cognito rotates its keys, these
   * sign-ins fail until the new set is deployed.
   */
  readonly keys: { readonly keys: readonly Readonly<Record<string, string>>[] };
  /** App clients whose ID tokens are accepted (claim `aud`). */
  readonly audiences: readonly string[];
}

/** The public half of a former signing key, with which others still verify old signatures. */
export interface OldSigningKey {
  /** `ed25519:` and the key's id. */
  readonly id: string;
  /** Base64 without padding. */
  readonly key: string;
  /** When it signed for the last time, ISO 8601 in UTC. */
  readonly expired: string;
}

export interface HomeserverProps {
  /** Part of every user's and room's id; can't be changed later. */
  readonly serverName: string;
  readonly region: string;
  readonly userPoolId: string;
  /** Host of the user pool's domain, where people sign in. */
  readonly cognitoDomainHost: string;
  readonly oidcClientId: string;
  readonly database: {
    readonly host: string;
    readonly port: number;
    readonly name: string;
    readonly user: string;
  };
  /** Address of a piece of content, with `{id}`: links to its host are previewed. */
  readonly contentUrlTemplate: string;
  /** Largest file that may be uploaded, as Synapse writes sizes: `50M`. */
  readonly maxUploadSize: string;
  /** Further hosts (`host` or `host:port`) whose pages and images are fetched for previews. @default - none */
  readonly previewHosts?: readonly string[];
  /** @default - no federation */
  readonly federation?: Federation;
  /** @default - sign-in by browser only */
  readonly jwt?: JwtLogin;
  /** @default - the signing key was never changed */
  readonly oldSigningKeys?: readonly OldSigningKey[];
  /** @default - one process does everything */
  readonly workers?: WorkerTopology;
}

/** How Cognito begins the user names of people who sign in with another provider; the person's id there follows. */
const FEDERATED_PREFIXES = ["google_", "facebook_", "loginwithamazon_", "signinwithapple_"];

/**
 * Local part of the Matrix id: the Cognito username in lower case, if Matrix allows it. Any other (letters outside ASCII,
 * `+` or `@` of a mail address that would become public, too long, only digits, reserved, the id of a person at another
 * identity provider) is replaced by the `sub`, which is always valid. Synapse adds a number to a name that is taken.
 */
const LOCALPART_TEMPLATE = [
  "{%- set name = user['cognito:username'] | default('') | lower -%}",
  "{%- set letters = 'abcdefghijklmnopqrstuvwxyz' -%}",
  "{%- set others = name | reject('in', letters ~ '0123456789._-') | list -%}",
  "{%- set fits = name | select('in', letters) | list and not others and name | length <= 64",
  ` and not name.startswith('_') and not name.startswith('${RESERVED_PREFIX}') and not user.identities`,
  ...FEDERATED_PREFIXES.map((prefix) => ` and not name.startswith('${prefix}')`),
  " -%}",
  "{{ name if fits else user.sub }}",
].join("");

/**
 * Display name: the given name, else the user name unless it is a mail address or another provider's id. The image's module
 * `phenom_names` refuses reserved names and telephone numbers, and removes invisible characters.
 */
const DISPLAY_NAME_TEMPLATE =
  "{{ user.name or user.preferred_username or user.nickname or (user['cognito:username'] if not user.identities and '@' not in user['cognito:username'] | default('@') else '') }}";

/** Cognito writes `email_verified` as a boolean in some places and as a string in others. */
const EMAIL_TEMPLATE = "{{ user.email if user.email_verified | string | lower == 'true' else '' }}";

/**
 * Networks that Synapse never sends requests to on behalf of a user: private, link-local (where the container gets its
 * credentials), reserved and multicast, as IANA registers them.
 */
const unreachableNetworks = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/128",
  "::1/128",
  "64:ff9b::/96",
  "100::/64",
  "2001:db8::/32",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
];

/**
 * `homeserver.yaml` as JSON data. Database, Cognito and client values may be references.
 *
 * @throws Error if `contentUrlTemplate` is no https address with `{id}`
 */
export function homeserverConfig(props: HomeserverProps) {
  const { serverName, database, federation, oldSigningKeys = [], workers } = props;
  return {
    server_name: serverName,
    public_baseurl: `https://${serverName}/`,
    serve_server_wellknown: true,
    report_stats: false,

    listeners: listeners(["client", ...(federation ? ["federation"] : [])], workers !== undefined),
    enable_metrics: true,
    log_config: containerPaths.logConfig,

    database: {
      name: "psycopg2",
      args: {
        host: database.host,
        port: database.port,
        dbname: database.name,
        user: database.user,
        passfile: containerPaths.databasePassword,
        // The authorities are in the image, whose entrypoint names their file to libpq.
        sslmode: "verify-full",
        // Minimum and maximum number of connections.
        cp_min: 5,
        cp_max: 10,
        // Without these, a connection that RDS dropped in a failover hangs for two hours. Seconds, then a count.
        keepalives_idle: 10,
        keepalives_interval: 10,
        keepalives_count: 3,
      },
    },

    signing_key_path: containerPaths.signingKey,
    ...(oldSigningKeys.length > 0 && {
      old_signing_keys: Object.fromEntries(
        oldSigningKeys.map(({ id, key, expired }) => [id, { key, expired_ts: Date.parse(expired) }]),
      ),
    }),
    macaroon_secret_key_path: containerPaths.macaroonSecretKey,
    form_secret_path: containerPaths.formSecret,
    registration_shared_secret_path: containerPaths.registrationSharedSecret,

    ...signIn(props),
    ...federationOptions(federation),
    ...media(props),
    ...urlPreviews(props),
    ...limits,
    ...rooms(serverName),
    ...(workers && sharedWorkerConfig(workers, federation !== undefined)),

    // Synapse reads the push rules of everybody in a room for each message, and keeps those of 5000 people, times a global
    // factor of 0.5: in a larger room it would read all of them from the database each time.
    caches: { per_cache_factors: { get_push_rules_for_user: PUSH_RULES / 5000 } },

    // Presence causes more traffic than all messages together.
    presence: { enabled: false },
    limit_profile_requests_to_users_who_share_rooms: true,
    require_auth_for_profile_requests: true,
  };
}

export type HomeserverConfig = ReturnType<typeof homeserverConfig>;

function signIn(props: HomeserverProps) {
  const { region, userPoolId, cognitoDomainHost, oidcClientId, jwt } = props;
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
  return {
    oidc_providers: [
      {
        // Synapse adds the prefix `oidc-`.
        idp_id: IDENTITY_PROVIDER.replace(/^oidc-/, ""),
        idp_name: "Phenom",
        issuer,
        // With all endpoints given, Synapse starts even if Cognito is unreachable.
        discover: false,
        authorization_endpoint: `https://${cognitoDomainHost}/oauth2/authorize`,
        token_endpoint: `https://${cognitoDomainHost}/oauth2/token`,
        userinfo_endpoint: `https://${cognitoDomainHost}/oauth2/userInfo`,
        jwks_uri: `${issuer}/.well-known/jwks.json`,
        id_token_signing_alg_values_supported: ["RS256"],
        client_id: oidcClientId,
        client_secret_path: containerPaths.oidcClientSecret,
        client_auth_method: "client_secret_basic",
        pkce_method: "always",
        scopes: ["openid", "email", "profile"],
        // A Cognito user must not take over a local account of the same name. With `jwt` the name is the `sub`, which
        // nobody can choose, so the account belongs to the same person.
        allow_existing_users: jwt !== undefined,
        user_mapping_provider: {
          config: {
            subject_template: "{{ user.sub }}",
            localpart_template: jwt ? "{{ user.sub }}" : LOCALPART_TEMPLATE,
            display_name_template: DISPLAY_NAME_TEMPLATE,
            email_template: EMAIL_TEMPLATE,
          },
        },
      },
    ],
    // The name follows Cognito's at each sign-in by browser.
    sso: { client_whitelist: [MOBILE_REDIRECT], update_profile_information: true },
    // Names are Phenom's, as on Hasura: nobody takes that of another person or of one of our own accounts, for one room either.
    enable_set_displayname: false,
    allow_per_room_profiles: false,
    ...(jwt && {
      jwt_config: {
        enabled: true,
        algorithm: "RS256",
        secret: JSON.stringify(jwt.keys),
        issuer,
        audiences: [...jwt.audiences],
        // Never the user name, which is not mapped here: a user could take the name of one of our own accounts.
        subject_claim: "sub",
        display_name_claim: "name",
      },
      // Somebody who signs in with a token has no other way to prove who they are: a fresh sign-in counts as one.
      ui_auth: { session_timeout: "5m" },
    }),
    enable_registration: false,
    enable_3pid_changes: false,
    // For the bots only: nobody else has a password.
    password_config: { enabled: true, localdb_enabled: true, policy: { enabled: true, minimum_length: 32 } },
  };
}

function federationOptions(federation: Federation | undefined) {
  return {
    // An empty list allows no homeserver.
    federation_domain_whitelist: [...(federation?.domains ?? [])],
    allow_public_rooms_over_federation: false,
    // Keys come from the servers themselves: a key server would learn which servers we talk to.
    trusted_key_servers: [],
    ip_range_blacklist: unreachableNetworks,
  };
}

function media({ maxUploadSize }: HomeserverProps) {
  return {
    media_store_path: containerPaths.media,
    max_upload_size: maxUploadSize,
    // 26 million: a photo of 24 megapixels has thumbnails, and a larger one is stored without. A decoded pixel takes four
    // bytes of memory, and thumbnails twice that.
    max_image_pixels: "25M",
    media_upload_limits: [{ time_period: "1d", max_size: "1G" }],
    // Copies from other homeservers can be fetched again. What users uploaded stays.
    media_retention: { remote_media_lifetime: "30d" },
    enable_authenticated_media: true,
  };
}

function urlPreviews({ contentUrlTemplate, previewHosts = [] }: HomeserverProps) {
  const content = contentAddress(contentUrlTemplate);
  const hosts = [content.host, ...previewHosts].map(literalPattern).join("|");
  return {
    url_preview_enabled: true,
    // Blocks every address except those of the hosts. A pattern that begins with ^ is a regular expression.
    url_preview_url_blacklist: [
      { netloc: `^(?!(?i:${hosts})$)` },
      { scheme: `^(?!${literalPattern(content.protocol.slice(0, -1))}$)` },
    ],
    url_preview_ip_range_blacklist: unreachableNetworks,
    oembed: { disable_default_providers: true },
    max_spider_size: "10M",
  };
}

function contentAddress(template: string): URL {
  const url = URL.canParse(template) ? new URL(template) : undefined;
  if (url?.protocol !== "https:" || !template.includes("{id}"))
    throw new Error(
      `contentUrlTemplate is ${JSON.stringify(template)}: it must be an https address with {id}, such as https://thephenom.app/phenom/{id}`,
    );
  return url;
}

const literalPattern = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

/** Events per second, and how many may come at once. */
const rate = (perSecond: number, burst: number) => ({ per_second: perSecond, burst_count: burst });

const limits = {
  rc_message: rate(10, 30),
  rc_login: {
    // Many phones share one IP address of a mobile network.
    address: rate(1, 50),
    account: rate(0.1, 10),
    failed_attempts: rate(0.05, 5),
  },
  rc_registration: rate(0.5, 20),
  rc_joins: { local: rate(0.5, 20), remote: rate(0.05, 10) },
  rc_invites: { per_room: rate(0.3, 20), per_user: rate(0.05, 10), per_issuer: rate(0.3, 20) },
};

function rooms(serverName: string) {
  const aliases = roomAliases(serverName);
  return {
    auto_join_rooms: [aliases.community],
    // Bootstrap makes the rooms: if Synapse did, they would belong to the first person who signs in.
    autocreate_auto_join_rooms: false,
    alias_creation_rules: [
      { user_id: `@${RESERVED_PREFIX}*:${serverName}`, action: "allow" },
      ...Object.values(aliases).map((alias) => ({ alias, action: "deny" })),
      { action: "allow" },
    ],
    // Without a rule nobody can list a room, not even a server administrator.
    room_list_publication_rules: [{ user_id: `@${BOTS.admin}:${serverName}`, action: "allow" }],
    encryption_enabled_by_default_for_room_type: "off",
    forgotten_room_retention_period: "28d",
  };
}
