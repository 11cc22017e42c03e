/** What a step did; `skipped`: cannot be done now, the next run tries again; `refused`: it should have been done. */
export type Outcome = "changed" | "unchanged" | "skipped" | "refused";

/** Tells about each step of a program that brings something into the wanted state. */
export type StepReport = Readonly<Record<Outcome, (what: string) => void>>;
