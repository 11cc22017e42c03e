import { type EnvironmentDeclaration, optional, secretArn, url } from "../shared/environment.ts";

export const environment = {
  HASURA_ENDPOINT: {
    description: "GraphQL URL of the Hasura engine inside the VPC, in which the previews are stored",
    parse: url,
  },
  HASURA_ADMIN_SECRET_ARN: {
    description: "ARN of the secret whose text is Hasura's admin secret",
    parse: secretArn,
  },
  WEBHOOK_SECRET_ARN: {
    description: "ARN of the secret whose text Hasura's event trigger shows with each event",
    parse: secretArn,
  },
  CONTENT_ENDPOINT: optional({
    description:
      "GraphQL URL of the Phenom backend, HASURA_ENDPOINT unless set; no other gets Hasura's admin secret",
    parse: url,
  }),
  CONTENT_QUERY: {
    description:
      "GraphQL document with the variable $id and one root field with title, description, thumbnail_url and media_type",
    parse: contentQuery,
  },
  CONTENT_URL_TEMPLATE: {
    description: "URL of a piece of content, {id} standing for its id",
    default: "https://thephenom.app/phenom/{id}",
    parse: urlTemplate,
  },
} satisfies EnvironmentDeclaration;

function contentQuery(value: string): string {
  const missing = ["$id", "title", "description", "thumbnail_url", "media_type"].filter(
    (part) => !value.includes(part),
  );
  if (missing.length > 0)
    throw new Error(`lacks ${missing.join(", ")}: take the variable and ask for each field by that name`);
  return value;
}

function urlTemplate(value: string): string {
  if (!value.includes("{id}")) throw new Error(`is ${JSON.stringify(value)}: it lacks {id}`);
  url(value.replaceAll("{id}", "id"));
  return value;
}
