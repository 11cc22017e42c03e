export function bundleTypeScript(source: string, outfile: string): Promise<void>;
