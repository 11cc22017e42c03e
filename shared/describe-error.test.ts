import { describe, expect, it } from "@jest/globals";
import { describeError } from "./describe-error.ts";

class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly code = "E42";
  readonly request = { password: "hunter2" };
}

describe("the description of an error", () => {
  it("holds name, code and message, and no other field of the error", () => {
    expect(describeError(new ServiceError("refused"))).toEqual({
      name: "ServiceError",
      code: "E42",
      message: "refused",
    });
  });

  it("holds the stack of an error that has no class of its own", () => {
    expect(describeError(new TypeError("no function")).stack).toContain("describe-error.test.ts");
  });

  it("holds the reason that fetch gives as the cause", async () => {
    const error = await fetch("http://127.0.0.1:1").catch((error: unknown) => error);
    expect(describeError(error)).toMatchObject({ message: "fetch failed", cause: { name: "Error" } });
  });

  it("holds three causes at most, so that a cycle of causes ends", () => {
    const error = new ServiceError("again");
    error.cause = error;
    expect(JSON.stringify(describeError(error)).match(/again/g)).toHaveLength(4);
  });

  it("holds 4000 characters of a message at most", () => {
    expect(describeError("x".repeat(5000))).toEqual({ message: "x".repeat(4000) });
  });
});
