export function imageOptions(): Promise<string[]>;
