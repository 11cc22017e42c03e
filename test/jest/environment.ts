import vm from "node:vm";
import type { Circus } from "@jest/types";
import { TestEnvironment } from "jest-environment-node";

/** Hooks start real servers, which takes longer than a test may take. */
const HOOK_TIMEOUT_MS = 120_000;

/** Jest's environment for Node.js, with error classes that a test and Node.js's own modules share. */
export default class Environment extends TestEnvironment {
  constructor(...args: ConstructorParameters<typeof TestEnvironment>) {
    // Tests get an ordinary global object (Node.js 20.18 or newer). Jest's is a proxy that every use of a global name
    // passes, which is a tenth of the time that tests take, and nearly half where they calculate.
    const { createContext } = vm;
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    super(...args);
    vm.createContext = createContext;
    // Tests run in a VM context, whose own classes are others than those of Node.js: without this, what `fs` or `net`
    // throws is no `instanceof Error` (https://github.com/jestjs/jest/issues/2549).
    for (const shared of [
      Error,
      AggregateError,
      EvalError,
      RangeError,
      ReferenceError,
      SyntaxError,
      TypeError,
      URIError,
    ]) {
      // JavaScript itself goes on throwing the context's own class, such as JSON.parse its SyntaxError: a subclass, now.
      const { prototype } = Reflect.get(this.global, shared.name) as ErrorConstructor;
      Object.setPrototypeOf(prototype, shared.prototype);
      Reflect.set(this.global, shared.name, shared);
    }
    Error.stackTraceLimit = 100;
  }

  handleTestEvent(event: Circus.Event, state: Circus.State): void {
    const hook = event.name === "add_hook" && state.currentDescribeBlock.hooks.at(-1);
    if (hook) hook.timeout ??= HOOK_TIMEOUT_MS;
  }
}
