import { createHash } from "node:crypto";

/** Colours have a contrast of at least 7 to 1, in light and in dark. */
export const style = `
:root { color-scheme: light dark; --text: #1b1b1f; --back: #fff; --line: #767680; --link: #0b3d91; }
@media (prefers-color-scheme: dark) { :root { --text: #f2f2f5; --back: #16161a; --line: #8e8e98; --link: #a8c7fa; } }
body { margin: 0; background: var(--back); color: var(--text); font: 1.125rem/1.5 system-ui, sans-serif; }
main { max-width: 34rem; margin: 0 auto; padding: 2rem 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
dt { font-weight: 600; margin-top: .75rem; }
dd { margin: 0; overflow-wrap: anywhere; }
a { display: inline-block; margin: 1.5rem 1rem 0 0; padding: .75rem 1.25rem; border: 2px solid var(--line); border-radius: .5rem; color: var(--link); }
a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
`;

/** The style as a source in the content security policy. */
export const sha256Source = `sha256-${createHash("sha256").update(style).digest("base64")}`;
