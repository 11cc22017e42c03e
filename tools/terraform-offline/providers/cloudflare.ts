import { isIP, isIPv4, isIPv6 } from "node:net";
import { Diagnostic } from "../plugin/diagnostic.ts";
import { isKnown, isObject, isText, type Value, type Values } from "../plugin/value.ts";
import { CREATED, hex, newSeed } from "./invented.ts";
import { type Check, type Computed, computedFrom, type Provider } from "./provider.ts";

const RECORD = "cloudflare_dns_record";

const recordTypes = [
  "A",
  "AAAA",
  "CNAME",
  "MX",
  "NS",
  "OPENPGPKEY",
  "PTR",
  "TXT",
  "CAA",
  "CERT",
  "DNSKEY",
  "DS",
  "HTTPS",
  "LOC",
  "NAPTR",
  "SMIMEA",
  "SRV",
  "SSHFP",
  "SVCB",
  "TLSA",
  "URI",
];

const proxiedTypes: readonly Value[] = ["A", "AAAA", "CNAME"];

const replacingAttributes: Readonly<Record<string, readonly string[]>> = {
  [RECORD]: ["zone_id"],
  cloudflare_ruleset: ["zone_id", "account_id", "kind", "phase"],
  cloudflare_page_rule: ["zone_id"],
  cloudflare_zone_setting: ["zone_id", "setting_id"],
  cloudflare_authenticated_origin_pulls: ["zone_id", "hostname"],
};

/** What Cloudflare allows once in a zone. */
const recordKey = ({ zone_id, name, type, content }: Values) =>
  `${RECORD}|${zone_id}|${String(name).toLowerCase()}|${type}|${content}`;

const check: Check = (resourceType, { type, ttl, proxied, content, priority, comment }) => {
  const found: Diagnostic[] = [];
  if (resourceType !== RECORD) return found;
  const error = (name: string, summary: string, detail = "") =>
    found.push(new Diagnostic(summary, detail, [name]));
  const quoted = JSON.stringify(content);
  if (isText(type) && !recordTypes.includes(type))
    error(
      "type",
      `Invalid Attribute Value Match: type must be one of ${recordTypes.join(", ")}, got ${type}`,
    );
  const seconds = Number(ttl);
  if (isKnown(ttl) && !(seconds === 1 || (seconds >= 30 && seconds <= 86400)))
    error("ttl", `ttl must be 1 (automatic) or from 30 to 86400, got ${ttl}`);
  if (proxied === true && isKnown(ttl) && seconds !== 1)
    error(
      "ttl",
      "ttl must be 1 when proxied is true",
      "Cloudflare answers with ttl 1 for a proxied record, and every later plan would show a change.",
    );
  if (proxied === true && isText(type) && !proxiedTypes.includes(type))
    error("proxied", `a record of type ${type} cannot be proxied`);
  if (isText(content)) {
    if (type === "A" && !isIPv4(content))
      error("content", `Content for A record must be a valid IPv4 address: ${quoted}`);
    if (type === "AAAA" && !isIPv6(content))
      error("content", `Content for AAAA record must be a valid IPv6 address: ${quoted}`);
    if (type === "CNAME" && (isIP(content) || /^https?:/.test(content)))
      error("content", `Content for CNAME record must be a host name: ${quoted}`);
  }
  if ((type === "MX" || type === "URI") && priority === null)
    error("priority", `priority is required for a record of type ${type}`);
  if (isText(comment) && comment.length > 500) error("comment", "a comment may have 500 characters");
  return found;
};

/** What a data source tells of a zone, and the lists that only some of them have. */
function zone(type: string, { filter, zone_id }: Values): Computed {
  const wanted = isObject(filter) ? filter.name : undefined;
  const name = wanted !== undefined && isKnown(wanted) ? wanted : "example.com";
  const id = zone_id !== undefined && isKnown(zone_id) ? zone_id : hex(`zone${name}`, 32);
  return {
    id,
    zone_id: id,
    name,
    status: "active",
    type: "full",
    paused: false,
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    created_on: CREATED,
    modified_on: CREATED,
    activated_on: CREATED,
    account: { id: hex("account", 32), name: "offline" },
    ...(type === "cloudflare_ip_ranges"
      ? { ipv4_cidrs: ["173.245.48.0/20", "103.21.244.0/22"], ipv6_cidrs: ["2400:cb00::/32"] }
      : {}),
    ...(type === "cloudflare_zones" ? { result: [{ id, name, status: "active" }] } : {}),
  };
}

export const cloudflare: Provider = {
  checkResource: check,
  replacedBy: (type) => replacingAttributes[type] ?? [],
  computed(type, { planned }, { run }) {
    const id = hex(newSeed(type, planned, run), 32);
    return computedFrom({
      id: type === "cloudflare_zone_setting" ? planned.setting_id : id,
      created_on: CREATED,
      modified_on: CREATED,
      comment_modified_on: CREATED,
      tags_modified_on: CREATED,
      last_updated: CREATED,
      proxiable: proxiedTypes.includes(planned.type ?? null),
      proxied: false,
      meta: "{}",
      version: "1",
      status: "active",
      editable: true,
    });
  },
  applied(type, state, { prior }, { run }) {
    if (type !== RECORD) return;
    const key = recordKey(state);
    const before = prior ? recordKey(prior) : undefined;
    if (run.names.has(key) && before !== key)
      throw new Diagnostic(
        "failed to make http request: 81058 An identical record already exists",
        `AlreadyExists: ${state.type} ${state.name} ${state.content}`,
        ["name"],
      );
    if (before !== undefined) run.names.delete(before);
    run.names.set(key, state.id ?? null);
  },
  refreshed(type, state, { run }) {
    if (type === RECORD) run.names.set(recordKey(state), state.id ?? null);
  },
  deleted(type, prior, { run }) {
    if (type === RECORD) run.names.delete(recordKey(prior));
  },
  dataSource: (type, config) => computedFrom(zone(type, config)),
};
