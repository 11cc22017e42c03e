import { describe, expect, it } from "@jest/globals";
import { membersOf } from "./typescript-members.ts";

describe("the reader of TypeScript declarations", () => {
  const source = `
/** What it takes. */
export interface ThingProps {
  /** Its name. */
  readonly name: string;
  /**
   * How large it is, see {@link Size}.
   * @default - as small as possible
   */
  readonly size?: "small" | "large";
  readonly place: {
    /** Host name. */
    readonly host: string;
    readonly list: readonly { readonly a: string; readonly b: number }[];
  };
}

export class Thing extends Construct {
  /** Where it is. */
  readonly url: string;
  private readonly secret: string;

  constructor(readonly hidden: string) {}
  readonly late: string;
}
`;

  it("reads names, types, descriptions and defaults of an interface", () => {
    const plain = { optional: false, description: "", default: undefined, members: [] };
    expect(membersOf(source, "export interface ThingProps")).toEqual([
      { ...plain, name: "name", type: "string", description: "Its name." },
      {
        ...plain,
        name: "size",
        type: '"small" | "large"',
        optional: true,
        description: "How large it is, see `Size`.",
        default: "as small as possible",
      },
      {
        ...plain,
        name: "place",
        type: expect.any(String),
        members: [
          { ...plain, name: "host", type: "string", description: "Host name." },
          { ...plain, name: "list", type: "readonly { readonly a: string; readonly b: number }[]" },
        ],
      },
    ]);
  });

  it("reads the public members of a class up to its constructor", () => {
    expect(membersOf(source, "export class Thing")).toMatchObject([
      { name: "url", description: "Where it is." },
    ]);
  });

  it("returns undefined if there is no such declaration", () => {
    expect(membersOf(source, "export interface OtherProps")).toBeUndefined();
  });
});
