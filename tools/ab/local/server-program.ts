import * as z from "zod";
import { callers, type Workload } from "../workload.ts";
import { type Program, startProgram } from "./processes.ts";

const ready = z.object({ url: z.url(), tokens: z.array(z.string()).min(1) });

/** Starts the MCP server on a backend, with a token for each caller of the workload. */
export const startMcpServer = (
  workload: Workload,
  variables: Readonly<Record<string, string>>,
): Promise<Program<z.infer<typeof ready>>> =>
  startProgram(
    "tools/ab/local/mcp-server.ts",
    { ...variables, AB_CALLERS: String(callers(workload)) },
    ready,
  );

/** Stops what was started, the last first, whatever one of them says. */
export async function stopAll(stops: readonly (() => Promise<unknown>)[]): Promise<void> {
  for (const stop of stops.toReversed()) await stop().catch((error: unknown) => console.error(error));
}
