import { jest } from "@jest/globals";

jest.setTimeout(300_000);

// These tests wait for real servers, also on a busy machine. The report at the end names each test that took two tries.
if (process.env["CI"]) jest.retryTimes(1, { logErrorsBeforeRetry: true });
