// Stands for the Lambda runtime: loads a bundle and calls its handler for each message from the test.
import { createRequire } from "node:module";

const { handler } = createRequire(import.meta.url)(process.argv[2]);

process.on("message", async ({ id, event }) => {
  let answer;
  try {
    answer = { id, result: (await handler(event, { awsRequestId: id })) ?? null };
  } catch (error) {
    answer = { id, result: null, error: String(error?.stack ?? error) };
  }
  process.stdout.write(`end ${id}\n`, () => process.send(answer));
});
