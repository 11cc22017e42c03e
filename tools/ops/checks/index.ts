import { backups } from "./backups.ts";
import type { Check } from "./check.ts";
import { dns } from "./dns.ts";
import { endpoints } from "./endpoints.ts";
import { hasura } from "./hasura.ts";
import { loadBalancer } from "./load-balancer.ts";
import { rooms } from "./rooms.ts";
import { schema } from "./schema.ts";
import { services } from "./services.ts";
import { signIn } from "./sign-in.ts";
import { tools } from "./tools.ts";

/** The checks of `verify`, the fast ones first. */
export const checks: readonly Check[] = [
  services,
  loadBalancer,
  dns,
  endpoints,
  rooms,
  signIn,
  tools,
  backups,
  hasura,
  schema,
];
