import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { tools } from "../tools/setup/tools.ts";

const page = readFileSync("docs/mobile.md", "utf8");

/** The samples of the mobile page, by the word after `js`, without their indentation. */
export const samples = (kind = ""): string[] =>
  [...page.matchAll(/^( *)```js(?: (\w+))?\n([\s\S]*?)^ *```$/gm)]
    .filter(([, , word = ""]) => word === kind)
    .map(([, indentation = "", , text = ""]) => text.replaceAll(new RegExp(`^${indentation}`, "gm"), ""));

/** What the samples call: the app's own functions, and what the test does when a sample has ended. */
export interface App {
  openBrowser(url: string): Promise<string>;
  showMessage(sender: string, body: string): void;
  /** @param text the sample that has just run */
  sampleEnded(text: string): Promise<void>;
}

const asked = z.object({ id: z.number().optional(), name: z.string(), args: z.array(z.unknown()) });

/**
 * Runs the page's samples of matrix-js-sdk in their order.
 * @param given values of the names that the samples don't define
 * @throws Error with what the program wrote, if one fails
 */
export async function runSamples(given: Readonly<Record<string, unknown>>, app: App): Promise<void> {
  const folder = path.dirname(path.dirname(path.dirname(tools["matrix-sdk"].path("package"))));
  const child = fork("test/matrix-js-sdk/run-samples.mjs", [folder], {
    execPath: tools.node22.path("node"),
    execArgv: [],
    silent: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => {
      output += chunk;
    });
  const texts = samples();
  const answer = async (name: string, args: readonly unknown[]): Promise<unknown> => {
    if (name === "openBrowser") return app.openBrowser(String(args[0]));
    if (name === "showMessage") return app.showMessage(String(args[0]), String(args[1]));
    return app.sampleEnded(texts[Number(args[0])] ?? "");
  };
  child.on("message", (message) => {
    const { id, name, args } = asked.parse(message);
    if (name === "ready") {
      child.send({ samples: texts, given });
      return;
    }
    answer(name, args).then(
      (result) => child.send({ id, result }),
      (error: unknown) => child.send({ id, error: String(error) }),
    );
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`a sample of docs/mobile.md failed: ${output}`);
}
