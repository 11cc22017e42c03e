import type { App } from "cdktf";
import type { ReadableStack } from "../stacks/addresses.ts";
import { CodeMonet } from "./codemonet/stack.ts";
import { Faceplate } from "./faceplate/stack.ts";

/** Two systems other than the chat, on its constructs. */
export const examples = (app: App): ReadableStack[] => [new Faceplate(app), new CodeMonet(app)];
