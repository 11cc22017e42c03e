import type { EnvironmentData } from "../../environments/schema.ts";
import { environment, StackTemplate } from "../chat/template.ts";
import { PlatformStack } from "./stack.ts";

/** The synthesised stack of a platform. */
export class PlatformTemplate extends StackTemplate<PlatformStack> {
  constructor(data: EnvironmentData = environment()) {
    super(data, (app, parsed) => new PlatformStack(app, parsed));
  }
}
