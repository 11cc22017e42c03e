import type { ImportedResource } from "../../../environments/imports.ts";
import { explain } from "../explain.ts";
import { madeAnew } from "./finders.ts";
import type { Found, Search } from "./search.ts";

/** A difference between what exists and what the stack wants. */
export interface Difference {
  readonly argument: string;
  readonly is: unknown;
  readonly wanted: unknown;
  /** What an adoption does about it: a replacement would destroy the resource first. */
  readonly effect: "update" | "keep" | "replace";
}

/** What an adoption would do with one resource. */
export interface Adopted {
  readonly address: string;
  readonly state: "found" | "missing" | "made anew" | "unknown";
  readonly id?: string;
  readonly type: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly differences: readonly Difference[];
  /** Why it is created again, or why nothing is known. */
  readonly reason?: string;
}

/** Looks for everything that the stack would make. */
export async function adoption(search: Search): Promise<Adopted[]> {
  return Promise.all(
    search.instances().map(async (instance): Promise<Adopted> => {
      const { address, type } = instance;
      const common = { address, type, differences: [] };
      const searched = search.find(instance);
      if (!searched)
        return { ...common, state: "made anew", reason: madeAnew[type] ?? "nothing looks for this type" };
      try {
        const found = await searched;
        const { existing } = found;
        if (!existing) return { ...common, state: "missing" };
        const { id, attributes } = existing;
        return { ...common, state: "found", id, attributes, differences: differencesOf(found) };
      } catch (error) {
        return { ...common, state: "unknown", reason: explain(error).message };
      }
    }),
  );
}

function differencesOf({ existing, finder, wanted }: Found): Difference[] {
  return Object.entries(existing?.attributes ?? {}).flatMap(([argument, is]): Difference[] => {
    const value = wanted.value(argument);
    if (value === undefined || is === undefined || isKnownAs(is, value)) return [];
    const isReplaced = finder.replacedBy?.includes(argument);
    const effect = !isReplaced ? "update" : finder.kept?.includes(argument) ? "keep" : "replace";
    return [{ argument, is, wanted: value, effect }];
  });
}

/** Whether what exists is what is wanted, as far as that is known: lists have no order, numbers may be texts. */
function isKnownAs(is: unknown, wanted: unknown): boolean {
  if (wanted === undefined) return true;
  if (Array.isArray(is) && Array.isArray(wanted))
    return is.length === wanted.length && wanted.every((item) => is.some((other) => isKnownAs(other, item)));
  if (isObject(is) && isObject(wanted))
    return Object.entries(wanted).every(([name, value]) => !(name in is) || isKnownAs(is[name], value));
  // A block that may occur once is written as an object or as a list of one.
  if (Array.isArray(wanted) && wanted.length === 1) return isKnownAs(is, wanted[0]);
  return String(is ?? "") === String(wanted ?? "");
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Entries of the file of imports: what was found and would not be replaced. */
export const importsOf = (adopted: readonly Adopted[]): ImportedResource[] =>
  adopted.flatMap(({ address, id, differences }) => {
    if (id === undefined || differences.some(({ effect }) => effect === "replace")) return [];
    const keep = differences.filter(({ effect }) => effect === "keep").map(({ argument }) => argument);
    return [{ to: address, id, ...(keep.length && { keep }) }];
  });
