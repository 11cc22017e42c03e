import { parseOptions, UsageError } from "../usage.ts";
import type { Benchmark } from "./benchmark.ts";

export type Options =
  | { readonly mode: "help" | "list" }
  | {
      readonly mode: "measure";
      readonly benchmarks: readonly Benchmark[];
      readonly json: boolean;
      readonly quick: boolean;
    };

const flag = { type: "boolean", default: false } as const;

/** @throws UsageError for an unknown option or benchmark */
export function readOptions(args: readonly string[], all: readonly Benchmark[]): Options {
  const { values, positionals } = parseOptions("npm run bench", {
    args: [...args],
    allowPositionals: true,
    options: { json: flag, quick: flag, list: flag, help: flag },
  });
  if (values.help) return { mode: "help" };
  if (values.list) return { mode: "list" };
  const names = all.map(({ name }) => name);
  const unknown = positionals.filter((name) => !names.includes(name));
  if (unknown.length > 0)
    throw new UsageError(`Unknown benchmark ${unknown.join(", ")}: choose from ${names.join(", ")}.`);
  const benchmarks = all.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  return { mode: "measure", benchmarks, json: values.json, quick: values.quick };
}
