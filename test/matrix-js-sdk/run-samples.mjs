// node run-samples.mjs <folder of node_modules>: runs the samples that it is sent, one after the other in one scope, as an app
// would. Calls of the app's own functions, and the end of each sample, are messages to the parent, which answers them.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder] = process.argv.slice(2);
const sdk = await import(pathToFileURL(createRequire(`${folder}/`).resolve("matrix-js-sdk")));
// The SDK's log is on stdout and would hide the result of a failure.
for (const level of ["debug", "info", "warn", "log"]) console[level] = () => {};

const waiting = new Map();
const ask = (name, ...args) =>
  new Promise((resolve, reject) => {
    const id = waiting.size;
    waiting.set(id, { resolve, reject });
    process.send({ id, name, args });
  });

process.on("message", async ({ id, result, error, samples, given }) => {
  if (samples === undefined) {
    const { resolve, reject } = waiting.get(id);
    if (error === undefined) resolve(result);
    else reject(new Error(error));
    return;
  }
  const app = {
    sdk,
    openBrowser: (url) => ask("openBrowser", url),
    showMessage: (sender, body) => ask("showMessage", sender, body),
    sampleEnded: (index) => ask("sampleEnded", index),
    ...given,
  };
  const text = samples
    .map((sample, index) => `${sample.replace(/^import .*\n/, "")}\nawait sampleEnded(${index});`)
    .join("\n");
  const AsyncFunction = (async () => {}).constructor;
  try {
    await new AsyncFunction(...Object.keys(app), text)(...Object.values(app));
    process.exit(0);
  } catch (failure) {
    console.error(failure);
    process.exit(1);
  }
});
process.send({ name: "ready", args: [] });
