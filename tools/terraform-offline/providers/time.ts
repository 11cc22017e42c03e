import { CREATED } from "./invented.ts";
import { computedFrom, type Provider } from "./provider.ts";

export const time: Provider = {
  replacedBy: () => ["triggers"],
  computed: () =>
    computedFrom({
      id: CREATED,
      rfc3339: CREATED,
      unix: Date.parse(CREATED) / 1000,
      year: 2025,
      month: 1,
      day: 1,
      hour: 0,
      minute: 0,
      second: 0,
      rotation_rfc3339: "2035-01-01T00:00:00Z",
      base_rfc3339: CREATED,
    }),
  dataSource: () => computedFrom({}),
};
