// Stands for the Lambda runtime: loads a bundle and calls its handler for each message from the test.
import { createRequire } from "node:module";

const timeout = Number(process.env.TEST_LAMBDA_TIMEOUT_MS ?? 30_000);
const { handler } = createRequire(import.meta.url)(process.argv[2]);

process.on("message", async ({ id, event }) => {
  let answer;
  const end = Date.now() + timeout;
  const context = { awsRequestId: id, getRemainingTimeInMillis: () => end - Date.now() };
  try {
    answer = { id, result: (await handler(event, context)) ?? null };
  } catch (error) {
    answer = { id, result: null, error: String(error?.stack ?? error) };
  }
  process.stdout.write(`end ${id}\n`, () => process.send(answer));
});
