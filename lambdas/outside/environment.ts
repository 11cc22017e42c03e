import * as z from "zod/mini";
import { url, variable } from "../shared/environment.ts";

export const environment = z.object({
  ENVIRONMENT: variable(z.string(), "Environment by which the metrics are counted"),
  SERVER_NAME: variable(z.string(), "Public host name of the chat, whose certificate and domain may expire"),
  MCP_HEALTH_URL: variable(url(), "Address at which the MCP server says that it is healthy"),
  VERSIONS_URL: variable(
    z.optional(url()),
    "Address at which Synapse names its versions; not set where A is off",
  ),
  GRAPHQL_URL: variable(z.optional(url()), "Public GraphQL URL of Hasura; not set where B is off"),
  RDAP_URL: variable(
    z._default(url(), "https://rdap.org/domain/"),
    "Address of the registration data of domains (RFC 9082), to which the domain is appended",
  ),
});
