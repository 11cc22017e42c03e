/** Name of an attribute, or position in a list. */
export type PathStep = string | number;

/** An error or warning for the user, in the shape of a Terraform diagnostic. */
export class Diagnostic extends Error {
  override readonly name = "Diagnostic";
  readonly detail: string;
  readonly path: readonly PathStep[];
  readonly severity: "error" | "warning";

  constructor(
    summary: string,
    detail = "",
    path: readonly PathStep[] = [],
    severity: "error" | "warning" = "error",
  ) {
    super(summary);
    this.detail = detail;
    this.path = path;
    this.severity = severity;
  }
}

export const isError = ({ severity }: Diagnostic): boolean => severity === "error";
