import * as z from "zod";
import { type Client, clientName, redirectUris } from "./client.ts";
import { OAuthError } from "./errors.ts";
import type { Sealer } from "./seal.ts";

const requestSchema = z.object({
  client_name: clientName,
  redirect_uris: redirectUris,
  grant_types: z.array(z.string()).default(["authorization_code"]),
});
const registeredSchema = z.object({ name: z.string().optional(), redirectUris: z.array(z.string()) });

/**
 * Dynamic client registration (RFC 7591). The client id is the sealed registration, so nothing is stored, and a
 * flood of registrations fills nothing.
 * @throws OAuthError
 */
export async function register(sealer: Sealer, body: unknown): Promise<object> {
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const isRedirect = issue?.path[0] === "redirect_uris";
    throw new OAuthError(
      isRedirect ? "invalid_redirect_uri" : "invalid_client_metadata",
      `${issue?.path.join(".") || "the body"}: ${issue?.message ?? "is invalid"}`,
    );
  }
  const { client_name, redirect_uris, grant_types } = parsed.data;
  if (!grant_types.includes("authorization_code"))
    throw new OAuthError("invalid_client_metadata", "grant_types: must contain authorization_code");
  return {
    client_id: await sealer.seal("client", { name: client_name, redirectUris: redirect_uris }),
    client_id_issued_at: Math.floor(Date.now() / 1000),
    client_name,
    redirect_uris,
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
  };
}

/** The client of a sealed id; `undefined` if the id is not one of ours. */
export async function registeredClient(sealer: Sealer, id: string): Promise<Client | undefined> {
  const found = await sealer.open("client", registeredSchema, id);
  return found && { name: found.name, redirectUris: found.redirectUris, publisher: undefined };
}
