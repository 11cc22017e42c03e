import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const chromium = "/usr/bin/chromium";

/** Opens a page in headless Chromium with a profile of its own. @returns what Chromium printed */
export async function browse(file: string, width: number, ...options: string[]): Promise<string> {
  const profile = await mkdtemp(path.join(tmpdir(), "phenom-browser-"));
  const quiet = [
    ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
  ];
  const flags = [...quiet, `--user-data-dir=${profile}`, `--window-size=${width},1500`, ...options];
  try {
    const { stdout } = await promisify(execFile)(chromium, [...flags, `file://${file}`], {
      maxBuffer: 2 ** 26,
    });
    return stdout;
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Chromium's option for the dark scheme. */
export const DARK = "--blink-settings=preferredColorScheme=0";

/**
 * A page with a script at its end that leaves what it found, as JSON, in the page's title. The page's policy, which
 * forbids such scripts, is removed.
 */
export const lookedAt = (html: string, script: string): string =>
  html
    .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, "")
    .replace("</body>", () => `<script>${script}</script></body>`);

/** The title of a page that Chromium dumped, as JSON. */
export const titleOf = (dom: string): unknown => JSON.parse(/<title>(.*?)<\/title>/.exec(dom)?.[1] ?? "");

/** Brightness of a colour as a browser computes it, such as `rgb(1, 2, 3)`. */
export const brightness = (color: string): number =>
  (color.match(/\d+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0);
