import { lookup } from "node:dns/promises";
import * as z from "zod";
import type { Outputs } from "../outputs.ts";
import { type Check, type Finding, failed, finding, passed, request, skipped } from "./check.ts";

const records = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ message: z.string() })).default([]),
  result: z.array(z.object({ type: z.string(), content: z.string(), proxied: z.boolean() })).nullable(),
});

/** Cloudflare's API; CLOUDFLARE_API_BASE_URL overrides it, as for Cloudflare's own tools. */
const api = () => process.env.CLOUDFLARE_API_BASE_URL ?? "https://api.cloudflare.com/client/v4";

/** The server name resolves, and its DNS record at Cloudflare is the one that was synthesised. */
export const dns: Check = {
  name: "dns",
  transient: true,
  run: ({ outputs: { dns_record } }) => Promise.all([resolves(dns_record), record(dns_record)]),
};

type DnsRecord = Outputs["dns_record"];

async function resolves({ name }: DnsRecord): Promise<Finding> {
  const what = `name ${name}`;
  try {
    const addresses = await lookup(name, { all: true });
    return passed(what, addresses.map(({ address }) => address).join(" "));
  } catch (error) {
    return failed(
      what,
      error instanceof Error ? error.message : String(error),
      "The record is missing, or this machine's DNS resolver does not have it yet",
    );
  }
}

function record({ zone_id, name, content, proxied }: DnsRecord): Promise<Finding> {
  const what = `record ${name}`;
  const token = process.env.CLOUDFLARE_API_TOKEN;
  const remedy = "Set CLOUDFLARE_API_TOKEN to a token that may read the zone's DNS";
  return finding(what, remedy, async () => {
    if (!token) return skipped(what, "not compared: CLOUDFLARE_API_TOKEN is not set", remedy);
    const { json, status } = await request(
      `${api()}/zones/${zone_id}/dns_records?name=${encodeURIComponent(name)}`,
      {
        headers: { authorization: `Bearer ${token}` },
      },
    );
    const answer = records.safeParse(json).data;
    if (!answer?.success || !answer.result)
      return skipped(
        what,
        `Cloudflare answers ${status}: ${answer?.errors.map((e) => e.message).join("; ")}`,
        remedy,
      );
    const shown = answer.result.map((r) => `${r.type} ${r.content}${r.proxied ? " proxied" : ""}`).join(", ");
    const wanted = `CNAME ${content}${proxied ? " proxied" : ""}`;
    return shown === wanted
      ? passed(what, shown)
      : failed(what, `${shown || "no record"}, expected ${wanted}`, "Apply restores it");
  });
}
