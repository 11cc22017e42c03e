import { type Finding, failed, finding, passed } from "../checks/check.ts";
import { readRecords, readZone } from "../cloudflare.ts";
import { listed, type PreflightCheck, type Subject } from "./check.ts";

/** The zone of the server name, a token that may edit it, and a free name in it. */
export const cloudflare: PreflightCheck = {
  name: "cloudflare",
  run: (subject) => Promise.all([zone(subject), name(subject)]),
};

const UNREACHABLE = "Check the network: Cloudflare's API did not answer";
const EDIT = "#dns_records:edit";

function zone({ environment, inputs }: Subject): Promise<Finding> {
  const what = "Cloudflare zone";
  return finding(what, UNREACHABLE, async () => {
    const { name, status, permissions } = await readZone(inputs.get("cloudflareZoneId"));
    const { serverName } = environment;
    if (serverName !== name && !serverName.endsWith(`.${name}`))
      return failed(
        what,
        `the zone is ${name}`,
        `Correct cloudflare_zone_id: ${serverName} is not in that zone`,
      );
    if (status !== "active")
      return failed(what, `${name} is ${status}`, "Finish the zone's setup at Cloudflare first");
    return permissions && !permissions.includes(EDIT)
      ? failed(what, `the token may not edit the DNS of ${name}`, "Make a token with Zone / DNS / Edit")
      : passed(what, name);
  });
}

function name({ environment, inputs }: Subject): Promise<Finding> {
  const { serverName } = environment;
  const what = `name ${serverName}`;
  return finding(what, UNREACHABLE, async () => {
    const [zoneId, target] = [inputs.get("cloudflareZoneId"), inputs.get("albDnsName")];
    const records = await readRecords(zoneId, serverName);
    if (records.length === 0) return passed(what, "free");
    const others = records.filter(({ type, content }) => type !== "CNAME" || content !== target);
    return others.length
      ? failed(
          what,
          `taken: ${listed(others.map(({ type, content }) => `${type} ${content}`))}`,
          "Remove the record, or choose another serverName",
        )
      : passed(what, `a CNAME to ${target}`);
  });
}
