import type { PlanJson } from "./plan-json.ts";

/** For each resource the resources that it refers to, by their addresses without index. */
export type Dependencies = ReadonlyMap<string, ReadonlySet<string>>;

/** Address of the resource without the index of an instance, which the configuration doesn't have. */
export const withoutIndex = (address: string): string => address.replace(/\[[^\]]*\]$/, "");

/** Reads what refers to what from the configuration that a plan brings along. */
export function dependenciesOf({ configuration }: PlanJson): Dependencies {
  const { resources } = configuration.root_module;
  const known = new Set(resources.map(({ address }) => address));
  return new Map(
    resources.map(({ address, expressions, depends_on }) => {
      const found = new Set<string>();
      for (const reference of [...depends_on, ...referencesIn(expressions)]) {
        const name = reference.split(".").slice(0, 2).join(".");
        const resource = withoutIndex(name);
        if (resource !== address && known.has(resource)) found.add(resource);
      }
      return [address, found];
    }),
  );
}

/** Every text in a list `references`, at any depth. */
function* referencesIn(expressions: unknown): Generator<string> {
  if (typeof expressions !== "object" || expressions === null) return;
  for (const [key, value] of Object.entries(expressions)) {
    if (key === "references" && Array.isArray(value)) {
      for (const each of value) if (typeof each === "string") yield each;
    } else yield* referencesIn(value);
  }
}

/** Resources that refer to one of `addresses`, without these. */
export function dependents(dependencies: Dependencies, addresses: ReadonlySet<string>): string[] {
  return [...dependencies]
    .filter(([address, used]) => !addresses.has(address) && [...used].some((each) => addresses.has(each)))
    .map(([address]) => address)
    .sort();
}
