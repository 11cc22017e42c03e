import type { ServerResponse } from "node:http";
import { HttpError, sendJson } from "../http/respond.ts";
import { type Link, sendPage } from "./page.ts";

/** Codes of RFC 6749, 7009, 7591 and 8707 that the endpoints for clients answer with. */
export type OAuthErrorCode =
  | "invalid_request"
  | "invalid_grant"
  | "invalid_client_metadata"
  | "invalid_redirect_uri"
  | "invalid_target"
  | "unsupported_grant_type"
  | "unsupported_token_type"
  | "slow_down"
  | "temporarily_unavailable";

/** A refusal that a client reads: a status with OAuth's error as the body. */
export class OAuthError extends HttpError {
  override readonly name = "OAuthError";
  readonly code: OAuthErrorCode;

  constructor(
    code: OAuthErrorCode,
    message: string,
    options: { status?: number; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(options.status ?? 400, message, options);
    this.code = code;
  }

  override send(response: ServerResponse): void {
    sendJson(response, this.status, { error: this.code, error_description: this.message }, this.headers);
  }
}

/** A refusal that a person reads in the browser. It never redirects by itself: that would be an open redirect. */
export class PageError extends HttpError {
  override readonly name = "PageError";
  readonly link: Link | undefined;

  /** @param link where the person may go from here */
  constructor(message: string, options: { status?: number; link?: Link; cause?: unknown } = {}) {
    super(options.status ?? 400, message, options);
    this.link = options.link;
  }

  override send(response: ServerResponse): void {
    sendPage(response, this.status, {
      title: "Signing in to Phenom Chat did not work",
      paragraphs: [this.message],
      links: this.link ? [this.link] : [],
    });
  }
}
