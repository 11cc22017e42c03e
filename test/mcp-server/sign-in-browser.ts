import { chmod, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Cognito, CognitoUser } from "../../tools/servers/cognito.ts";
import { close, listen } from "../../tools/servers/listening.ts";
import { eventually } from "../jest/eventually.ts";
import { Browser } from "./browser.ts";

/** A browser that other programs open pages in: a person signs in, and it goes on to the program's own address. */
export interface SignInBrowser {
  /** Variables by which programs find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Rejects when a sign-in fails. */
  readonly failure: Promise<never>;
  stop(): Promise<void>;
}

/** @param folder gets a program that opens a page, as `xdg-open` does */
export async function startSignInBrowser(
  folder: string,
  cognito: Cognito,
  user: CognitoUser,
): Promise<SignInBrowser> {
  let fail: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failure.catch(() => {});
  // It answers before the page is loaded, as a browser does: some programs wait for that, and only then for the person.
  const server = createServer((request, response) => {
    response.writeHead(204).end();
    const url = new URL(request.url ?? "", "http://browser").searchParams.get("url") ?? "";
    new Browser()
      .signIn(url, cognito, user)
      // Some programs open the page before they listen; a person's sign-in takes longer than that.
      .then((back) => eventually(() => fetch(back), { timeout: 10_000 }))
      .catch((error: unknown) => fail(error));
  });
  const address = `http://127.0.0.1:${await listen(server)}`;
  const program = join(folder, "xdg-open");
  await writeFile(
    program,
    `#!${process.execPath}
fetch("${address}/?url=" + encodeURIComponent(process.argv[2])).then(
  (answer) => process.exit(answer.ok ? 0 : 1),
);
`,
  );
  await chmod(program, 0o755);
  return {
    // Without DISPLAY, xdg-open starts the program in BROWSER.
    environment: {
      BROWSER_ADDRESS: address,
      BROWSER: program,
      PATH: `${folder}:${process.env["PATH"]}`,
      // The Inspector opens pages only where somebody sits in front of it.
      MCP_AUTO_OPEN_ENABLED: "true",
    },
    failure,
    stop: () => close(server),
  };
}
