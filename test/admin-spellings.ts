/**
 * Spellings of an admin path that the rule for it does not know, because the load balancer decodes and resolves
 * nothing. They get to Synapse or nowhere; that Synapse takes none of them for its admin API is tested on a real one.
 */
export const otherSpellings = [
  "/_synapse/%61dmin/v1/server_version",
  "/_synapse/admin%2Fv1/server_version",
  "/%5Fsynapse/admin/v1/server_version",
  "/_synapse//admin/v1/server_version",
  "//_synapse/admin/v1/server_version",
  "/_synapse/./admin/v1/server_version",
  "/_synapse/client/../admin/v1/server_version",
  "/_matrix/../_synapse/admin/v1/server_version",
  "/_synapse/Admin/v1/server_version",
  "/_synapse/admin;x/v1/server_version",
  "/_synapse/admin",
];
