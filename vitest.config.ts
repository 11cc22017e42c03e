import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const exclude = ["node_modules/**", "build/**", "cdktf.out/**", "tools/cdktf/**", ".tools/**"];

export default defineConfig({
  test: {
    globalSetup: "test/jest/global-setup.ts",
    // Vitest leaves one core to itself, and many of these tests wait for servers: two files at a time at least.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 30_000,
    // Real servers on a busy machine: a second try is printed with the result, a third there is not.
    retry: process.env.CI ? 1 : 0,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["**/*.test.ts"],
          exclude: [...exclude, "**/*.e2e.test.ts"],
        },
      },
      {
        extends: true,
        test: {
          name: "end-to-end",
          include: ["**/*.e2e.test.ts"],
          exclude,
          testTimeout: 300_000,
        },
      },
    ],
  },
});
