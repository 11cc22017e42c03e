export function median(figures: readonly number[]): number;
