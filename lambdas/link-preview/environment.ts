import * as z from "zod/mini";
import { isHttpUrl } from "../../shared/environment.ts";
import { secretArn, url, variable } from "../shared/environment.ts";

const QUERY_PARTS = ["$id", "title", "description", "thumbnail_url", "media_type"];

export const environment = z.object({
  HASURA_ENDPOINT: variable(
    url(),
    "GraphQL URL of the Hasura engine inside the VPC, in which the previews are stored",
    { secret: true },
  ),
  HASURA_ADMIN_SECRET_ARN: variable(secretArn(), "ARN of the secret whose text is Hasura's admin secret", {
    secret: true,
  }),
  WEBHOOK_SECRET_ARN: variable(
    secretArn(),
    "ARN of the secret whose text Hasura's event trigger shows with each event",
    { secret: true },
  ),
  CONTENT_ENDPOINT: variable(
    z.optional(url()),
    "GraphQL URL of the Phenom backend, HASURA_ENDPOINT unless set; no other gets Hasura's admin secret",
    { secret: true },
  ),
  CONTENT_ROLE: variable(
    z._default(
      z.string().check(z.regex(/^[\w-]{1,64}$/, "must be the name of a role of Hasura")),
      "anonymous",
    ),
    "Hasura role of the content query: its permissions decide what every member of the chat may see in a preview",
  ),
  CONTENT_QUERY: variable(
    z
      .string()
      .check(
        z.refine(
          (query) => QUERY_PARTS.every((part) => query.includes(part)),
          `must hold ${QUERY_PARTS.join(", ")}: take the variable and ask for each field by that name`,
        ),
      ),
    "GraphQL document with the variable $id and one root field with title, description, thumbnail_url and media_type",
  ),
  CONTENT_URL_TEMPLATE: variable(
    z._default(
      z
        .string()
        .check(
          z.refine(
            (text) => text.includes("{id}") && isHttpUrl(text.replaceAll("{id}", "id")),
            "must be an http or https URL that holds {id}",
          ),
        ),
      "https://thephenom.app/phenom/{id}",
    ),
    "URL of a piece of content, {id} standing for its id",
  ),
});
