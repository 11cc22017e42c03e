import { expect, it } from "@jest/globals";
import { PRIVATE_NAMES, PUBLIC_NAMES } from "../../../test/public-names.ts";
import { displayName, publicUsername } from "./names.ts";

it.each(PUBLIC_NAMES)("shows %s as it may be seen", (_, name, shown) => {
  expect(displayName(name)).toBe(shown);
});

it.each(PRIVATE_NAMES.slice(0, 2))("takes %s for no user name", (_, name) => {
  expect(publicUsername(name)).toBeNull();
});
