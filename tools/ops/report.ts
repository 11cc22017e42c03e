/** Where a command reports: progress on stderr, its result on stdout. */
export interface Report {
  /** A line of progress. */
  progress(line: string): void;
  /** A line of the result, for people. */
  line(text: string): void;
  /** Rows, each column as wide as its longest cell. */
  table(rows: readonly (readonly string[])[]): void;
  /** Fields of the result, for programs. */
  result(fields: Readonly<Record<string, unknown>>): void;
  /** One record of a result that is printed as it comes, such as a log. */
  record(fields: Readonly<Record<string, unknown>>, text: string): void;
}

export interface Output {
  out(text: string): void;
  err(text: string): void;
}

export const processOutput: Output = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
};

/** For people it prints lines and tables on stdout; with `json` one object at the end, or one line for each record. */
export class Reporter implements Report {
  readonly #output: Output;
  readonly #json: boolean;
  #fields: Record<string, unknown> = {};
  #records = false;

  constructor(output: Output, json: boolean) {
    this.#output = output;
    this.#json = json;
  }

  progress(line: string): void {
    this.#output.err(`${line}\n`);
  }

  line(text: string): void {
    if (!this.#json) this.#output.out(`${text}\n`);
  }

  table(rows: readonly (readonly string[])[]): void {
    const widths: number[] = [];
    for (const row of rows)
      for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
    for (const row of rows)
      this.line(
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd(),
      );
  }

  result(fields: Readonly<Record<string, unknown>>): void {
    this.#fields = { ...this.#fields, ...fields };
  }

  record(fields: Readonly<Record<string, unknown>>, text: string): void {
    this.#records = true;
    this.#output.out(this.#json ? `${JSON.stringify(fields)}\n` : `${text}\n`);
  }

  /** Prints what is left of the result when the command ends. */
  end(fields: Readonly<Record<string, unknown>>): void {
    const failed = "error" in fields;
    if (this.#json && (failed || !this.#records))
      this.#output.out(`${JSON.stringify({ ...fields, ...this.#fields })}\n`);
  }
}
