import type { AccountAws } from "../account-aws.ts";

/** A resource that exists. */
export interface Existing {
  /** Id by which the provider imports it. */
  readonly id: string;
  /** What AWS says of it, by the provider's names. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** A resource that the stack wants, with its references resolved as far as what they name exists. */
export interface Wanted {
  /** An argument as text. @throws Unresolved where it depends on something that does not exist */
  text(argument: string): string;
  /** An argument as it is; `undefined` where it is unset or depends on something that does not exist. */
  value(argument: string): unknown;
}

/** An argument depends on a resource that does not exist: then this one does not exist either. */
export class Unresolved extends Error {}

/** How a type of resource is found in an account. */
export interface Finder {
  /** In words, for the table of the documentation. */
  readonly by: string;
  /** Form of the import id, for the same table. */
  readonly importId: string;
  find(aws: AccountAws, wanted: Wanted): Promise<Existing | undefined>;
  /** Arguments whose change replaces the resource. @default - none that can differ */
  readonly replacedBy?: readonly string[];
  /** Those of them that may stay as they are, because nothing depends on them. @default - none */
  readonly kept?: readonly string[];
}

export type Finders = Readonly<Record<string, Finder>>;

/** The first element of a list of pages that fits. */
export async function firstOf<Page, Item>(
  pages: AsyncIterable<Page>,
  itemsOf: (page: Page) => readonly Item[] | undefined,
  fits: (item: Item) => boolean,
): Promise<Item | undefined> {
  for await (const page of pages) {
    const found = itemsOf(page)?.find(fits);
    if (found !== undefined) return found;
  }
  return undefined;
}
