import * as z from "zod";
import { type Program, type ProgramOptions, startProgram } from "./program.ts";

const ready = z.object({ url: z.url(), tokens: z.array(z.string()).min(1) });

/** Starts the MCP server in a process of its own, with access tokens for a number of callers. */
export const startMcpServer = (
  callers: number,
  variables: Readonly<Record<string, string>>,
  options: Pick<ProgramOptions, "cpu"> = {},
): Promise<Program<z.infer<typeof ready>>> =>
  startProgram("tools/servers/mcp-server-program.ts", ready, {
    ...options,
    variables: { ...variables, CALLERS: String(callers) },
  });
