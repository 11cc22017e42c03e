import { readFile } from "node:fs/promises";

/** The options of Node.js that the image runs the server with, for tools that run it elsewhere as it is deployed. */
export async function imageOptions(): Promise<string[]> {
  const options = (await readFile("mcp-server/Dockerfile", "utf8")).match(/(?<="node".*")--[^"]+/g);
  if (!options) throw new Error("mcp-server/Dockerfile names no options of Node.js");
  return options;
}
