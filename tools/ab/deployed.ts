import * as z from "zod";
import { Problem } from "../cli/problem.ts";
import type { DeployedSide } from "./options.ts";
import type { Side, SideKey } from "./side.ts";

const TIMEOUT_MS = 10_000;
const versionSchema = z.object({ version: z.string(), backend: z.string() });
const names: Readonly<Record<string, string>> = {
  synapse: "Matrix (Synapse)",
  hasura: "Hasura Lite",
  postgres: "PostgreSQL alone",
};

/**
 * A deployed MCP server. The workload writes only to rooms named for it.
 * @throws Problem if no MCP server of this project answers
 */
export async function deployedSide(key: SideKey, { url, tokens }: DeployedSide): Promise<Side> {
  const page = new URL(`${url.pathname.replace(/\/$/, "")}/version`, url);
  const response = await fetch(page, { signal: AbortSignal.timeout(TIMEOUT_MS) }).catch((error: unknown) => {
    throw new Problem(
      `${url.href} can't be reached: ${error instanceof Error ? error.message : error}`,
      `Check --${key.toLowerCase()}`,
    );
  });
  const parsed = versionSchema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success)
    throw new Problem(
      `${page.href} answered ${response.status}: ${url.href} is not an MCP server of this project`,
      `Check --${key.toLowerCase()}`,
    );
  const { version, backend } = parsed.data;
  return {
    key,
    name: names[backend] ?? backend,
    ran: `the MCP server at ${url.host}, release ${version}, on backend ${backend}`,
    standIns: [],
    start: async () => ({ mcp: url, tokens, stop: async () => {} }),
  };
}
