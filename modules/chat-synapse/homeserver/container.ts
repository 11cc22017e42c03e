/** Paths, ports and user that the image and the configuration share. */

const RUN = "/run/synapse";

/** Paths of files in the container. The entrypoint writes all files below `run` at each start. */
export const containerPaths = {
  /** The media store, on the shared file system. */
  media: "/media",
  run: RUN,
  config: `${RUN}/homeserver.yaml`,
  logConfig: `${RUN}/log.yaml`,
  signingKey: `${RUN}/signing.key`,
  registrationSharedSecret: `${RUN}/registration_shared_secret`,
  macaroonSecretKey: `${RUN}/macaroon_secret_key`,
  formSecret: `${RUN}/form_secret`,
  databasePassword: `${RUN}/pgpass`,
  oidcClientSecret: `${RUN}/oidc_client_secret`,
  /** Only with workers. */
  replicationSecret: `${RUN}/replication_secret`,
} as const;

/** User and group id that Synapse runs as, those of the official image; the image's Dockerfile names them too. */
export const SYNAPSE_UID = 991;

/** Clients, federation and `/health`. */
export const SYNAPSE_PORT = 8008;

/** Prometheus metrics at `/_synapse/metrics`, on a port that the load balancer does not reach. */
export const METRICS_PORT = 9000;
