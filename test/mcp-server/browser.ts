import type { Cognito, CognitoUser } from "../../tools/servers/cognito.ts";
import { someAddress } from "./oauth-client.ts";

/** A person's browser during a sign-in: it keeps cookies, follows links and redirects, and runs nothing. */
export class Browser {
  readonly #cookies = new Map<string, string>();
  readonly #address = someAddress();

  /** Loads a page, without following redirects. */
  async open(url: string): Promise<Response> {
    const response = await fetch(url, {
      redirect: "manual",
      headers: {
        "cf-connecting-ip": this.#address,
        cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; "),
      },
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value !== undefined) this.#cookies.set(name, value);
    }
    return response;
  }

  /** Opens the page of a client's authorisation request. @returns the links on it, by their text */
  async consent(authorizeUrl: string): Promise<Readonly<Record<string, string>>> {
    const response = await this.open(authorizeUrl);
    const html = await response.text();
    if (response.status !== 200) throw new Error(`${response.status}: ${html}`);
    return links(html);
  }

  /** The whole sign-in. @returns the client's redirect address with the answer */
  async signIn(authorizeUrl: string, cognito: Cognito, user: CognitoUser): Promise<string> {
    const { "Continue to sign in": next = "" } = await this.consent(authorizeUrl);
    const response = await this.open(cognito.signIn(next, user));
    const location = response.headers.get("location");
    if (location === null) throw new Error(`${response.status}: ${await response.text()}`);
    return location;
  }
}

export const links = (html: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...html.matchAll(/<a href="([^"]*)">([^<]*)<\/a>/g)].map(([, href = "", text = ""]) => [
      text,
      href.replaceAll("&amp;", "&"),
    ]),
  );
