import { Testing } from "cdktf";
import type { TerraformConstructor } from "cdktf/lib/testing/matchers";

declare module "expect" {
  interface Matchers<R extends void | Promise<void>> {
    toHaveResourceWithProperties(
      resource: TerraformConstructor,
      properties: Readonly<Record<string, unknown>>,
    ): R;
  }
}

// The suites that use these matchers import this file: cdktf takes a quarter of a second to load.
Testing.setupJest();
