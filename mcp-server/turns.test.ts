import { describe, expect, it } from "@jest/globals";
import { Turns } from "./turns.ts";

/** Starts works by name on `turns`; each ends when it is told to. */
function works(turns: Turns) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (name: string, signal = new AbortController().signal) =>
    turns.run(signal, () => {
      begun.push(name);
      return new Promise<string>((resolve) => ends.set(name, () => resolve(name)));
    });
  const end = async (name: string) => {
    ends.get(name)?.();
    await new Promise(setImmediate);
  };
  return { begun, start, end };
}

describe("turns", () => {
  it("let so many works run at once, and the others in order of arrival", async () => {
    const { begun, start, end } = works(new Turns(2));
    const results = ["a", "b", "c", "d"].map((name) => start(name));
    expect(begun).toEqual(["a", "b"]);
    await end("b");
    expect(begun).toEqual(["a", "b", "c"]);
    await end("c");
    expect(begun).toEqual(["a", "b", "c", "d"]);
    await end("a");
    await end("d");
    expect(await Promise.all(results)).toEqual(["a", "b", "c", "d"]);
  });

  it("go on after work that failed", async () => {
    const turns = new Turns(1);
    const { begun, start } = works(turns);
    const failed = turns.run(new AbortController().signal, () => Promise.reject(new Error("broken")));
    void start("a");
    await expect(failed).rejects.toThrow("broken");
    expect(begun).toEqual(["a"]);
  });

  it("keep nobody waiting whose signal aborts, and nobody else waits for that", async () => {
    const { begun, start, end } = works(new Turns(1));
    const impatient = new AbortController();
    void start("a");
    void start("b", impatient.signal);
    void start("c");
    impatient.abort();
    await new Promise(setImmediate);
    expect(begun).toEqual(["a", "b"]);
    await end("b");
    expect(begun).toEqual(["a", "b"]);
    await end("a");
    expect(begun).toEqual(["a", "b", "c"]);
  });
});
