import * as z from "zod";
import type { DeployedSide } from "./options.ts";
import type { Side, SideKey } from "./side.ts";

const versionSchema = z.object({ version: z.string(), backend: z.string() });
const names: Readonly<Record<string, string>> = {
  synapse: "Matrix (Synapse)",
  hasura: "Hasura Lite",
  postgres: "PostgreSQL alone",
};

/**
 * An MCP server that runs elsewhere. Only rooms that are made for it are written into.
 * @throws Error where no MCP server of ours answers
 */
export async function deployedSide(key: SideKey, { url, tokens }: DeployedSide): Promise<Side> {
  const page = new URL(`${url.pathname.replace(/\/$/, "")}/version`, url);
  const response = await fetch(page, { signal: AbortSignal.timeout(10_000) });
  const parsed = versionSchema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success)
    throw new Error(
      `${page.href} answered ${response.status}: there is no MCP server of ours at ${url.href}.`,
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
