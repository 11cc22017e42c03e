import { lookup } from "node:dns/promises";
import { readRecords } from "../cloudflare.ts";
import type { Outputs } from "../outputs.ts";
import { type Check, type Finding, failed, finding, passed } from "./check.ts";

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
  return finding(what, "Cloudflare's API is unreachable from here", async () => {
    const records = await readRecords(zone_id, name);
    const shown = records.map((r) => `${r.type} ${r.content}${r.proxied ? " proxied" : ""}`).join(", ");
    const wanted = `CNAME ${content}${proxied ? " proxied" : ""}`;
    return shown === wanted
      ? passed(what, shown)
      : failed(what, `${shown || "no record"}, expected ${wanted}`, "Apply restores it");
  });
}
