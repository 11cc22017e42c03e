import { availableParallelism } from "node:os";

// As in tools/run.mjs: each test file would print it again.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";

const FOLDERS_WITHOUT_TESTS = ["build", "cdktf.out", "coverage", "\\.tools", "\\.phenom-chat"];
const ignored = [`<rootDir>/(${FOLDERS_WITHOUT_TESTS.join("|")})/`, "/node_modules/"];

const OF_CONTAINERS = ["<rootDir>/tools/images/", "<rootDir>/tools/stage/"];

const shared = {
  testEnvironment: "<rootDir>/test/jest/environment.ts",
  setupFiles: ["<rootDir>/test/jest/without-cdktf-stack-traces.ts"],
  globalSetup: "<rootDir>/test/jest/global-setup.ts",
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        swcrc: false,
        jsc: {
          parser: { syntax: "typescript" },
          target: "es2023",
          transform: { verbatimModuleSyntax: true },
          experimental: { keepImportAttributes: true },
        },
      },
    ],
  },
  testPathIgnorePatterns: ignored,
  modulePathIgnorePatterns: ignored.slice(0, 1),
};

/** @type {import("jest").Config} */
export default {
  // Jest leaves one core to itself, and many of these tests wait for servers: two files at a time at least.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  testTimeout: 30_000,
  reporters: ["default", "<rootDir>/test/jest/reporter.mjs"],
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["**/*.test.ts"],
      testPathIgnorePatterns: [...ignored, "\\.e2e\\.test\\.ts$"],
    },
    {
      ...shared,
      displayName: "end-to-end",
      testMatch: ["**/*.e2e.test.ts"],
      testPathIgnorePatterns: [...ignored, ...OF_CONTAINERS],
      setupFilesAfterEnv: ["<rootDir>/test/jest/end-to-end.ts"],
    },
    // Builds the images, and runs them as root by their task definitions.
    {
      ...shared,
      displayName: "containers",
      testMatch: ["**/*.e2e.test.ts"],
      testPathIgnorePatterns: [...ignored, "\\.e2e\\.test\\.ts$(?<!/tools/(images|stage)/[^/]*)"],
      setupFilesAfterEnv: ["<rootDir>/test/jest/end-to-end.ts"],
    },
  ],
};
