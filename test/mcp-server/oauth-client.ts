import { createHash, randomBytes, randomInt } from "node:crypto";
import * as z from "zod";

const registrationSchema = z.object({ client_id: z.string() });

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** A client's side of OAuth in plain requests, so that a test can send wrong ones. */
export class OAuthClient {
  readonly #origin: string;
  readonly #address = someAddress();
  readonly verifier = randomBytes(32).toString("base64url");
  readonly redirectUri: string;

  constructor(origin: string, redirectUri = "http://127.0.0.1:41000/callback") {
    this.#origin = origin;
    this.redirectUri = redirectUri;
  }

  /** @returns the client id */
  async register(metadata: object = {}): Promise<string> {
    const { body } = await this.json("register", {
      client_name: "Test client",
      redirect_uris: [this.redirectUri],
      ...metadata,
    });
    return registrationSchema.parse(body).client_id;
  }

  /** Address of the authorisation request; a parameter set to `undefined` is left out. */
  authorizeUrl(clientId: string, changes: Readonly<Record<string, string | undefined>> = {}): string {
    const parameters = {
      response_type: "code",
      client_id: clientId,
      redirect_uri: this.redirectUri,
      code_challenge: createHash("sha256").update(this.verifier).digest("base64url"),
      code_challenge_method: "S256",
      state: "the-client's-own-state",
      resource: `${this.#origin}/mcp`,
      ...changes,
    };
    const given = Object.entries(parameters).filter(
      (each): each is [string, string] => each[1] !== undefined,
    );
    return `${this.#origin}/mcp/oauth/authorize?${new URLSearchParams(given)}`;
  }

  exchange(clientId: string, code: string, changes: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.form("token", {
      grant_type: "authorization_code",
      client_id: clientId,
      code,
      code_verifier: this.verifier,
      redirect_uri: this.redirectUri,
      ...changes,
    });
  }

  form(endpoint: string, fields: Readonly<Record<string, string>>): Promise<Answer> {
    return this.#post(endpoint, new URLSearchParams(fields), {});
  }

  json(endpoint: string, content: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const body = typeof content === "string" ? content : JSON.stringify(content);
    return this.#post(endpoint, body, { "content-type": "application/json", ...headers });
  }

  async #post(endpoint: string, body: string | URLSearchParams, headers: Readonly<Record<string, string>>) {
    const response = await fetch(`${this.#origin}/mcp/oauth/${endpoint}`, {
      method: "POST",
      body,
      headers: { "cf-connecting-ip": this.#address, ...headers },
    });
    const text = await response.text();
    return {
      status: response.status,
      body: text === "" ? {} : z.record(z.string(), z.unknown()).parse(JSON.parse(text)),
    };
  }
}

/** As Cloudflare names a client's address, because requests are limited by it. */
export const someAddress = (): string => `198.51.100.${randomInt(256)}:${randomInt(65_536)}`;

/** A parameter of the address to which a client was redirected. */
export const parameter = (address: string, name: string): string =>
  new URL(address).searchParams.get(name) ?? "";
