/** Shows each warning once and counts them: the same warning comes from several steps. */
export class Warnings {
  private readonly shown = new Set<string>();

  /** @param identity what is equal for the same warning @default - its text */
  show(text: string, identity = text): void {
    if (!this.shown.has(identity)) console.log(`warn  ${text}`);
    this.shown.add(identity);
  }

  get count(): number {
    return this.shown.size;
  }

  toString(): string {
    return this.count === 1 ? "1 warning" : `${this.count || "no"} warnings`;
  }
}
