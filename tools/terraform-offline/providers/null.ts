import { newSeed, number } from "./invented.ts";
import { computedFrom, type Provider } from "./provider.ts";

export const nullProvider: Provider = {
  replacedBy: () => ["triggers"],
  computed: (type, { planned }, { run }) =>
    computedFrom({ id: String(number(newSeed(type, planned, run), 12)) }),
  dataSource: () => computedFrom({}),
};
