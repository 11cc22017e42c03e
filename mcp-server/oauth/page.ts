import type { ServerResponse } from "node:http";
import { sha256Source, style } from "./style.ts";

export interface Link {
  readonly text: string;
  readonly href: string;
}

export interface Page {
  readonly title: string;
  readonly paragraphs: readonly string[];
  /** Terms with their values. @default - none */
  readonly facts?: Readonly<Record<string, string>>;
  /** The first one is what most people want. */
  readonly links: readonly Link[];
}

/** No scripts, no forms, nothing from elsewhere, and no other page may frame it (clickjacking). */
const headers = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src '${sha256Source}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

export function sendPage(
  response: ServerResponse,
  status: number,
  page: Page,
  more: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  const body = Buffer.from(html(page));
  response.writeHead(status, { ...headers, ...more, "content-length": body.length }).end(body);
}

const html = ({ title, paragraphs, facts = {}, links }: Page) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${paragraphs.map((text) => `<p>${escaped(text)}</p>`).join("\n")}
${definitions(facts)}
${links.map(({ text, href }) => `<a href="${escaped(href)}">${escaped(text)}</a>`).join("\n")}
</main>
</body>
</html>
`;

const definitions = (facts: Readonly<Record<string, string>>) => {
  const rows = Object.entries(facts).map(
    ([term, value]) => `<dt>${escaped(term)}</dt><dd>${escaped(value)}</dd>`,
  );
  return rows.length === 0 ? "" : `<dl>${rows.join("\n")}</dl>`;
};

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? "");
