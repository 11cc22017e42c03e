import * as z from "zod";
import { EXIT, Problem } from "../cli/problem.ts";
import { request } from "./checks/check.ts";

/** Cloudflare's API; CLOUDFLARE_API_BASE_URL overrides it, as for Cloudflare's own tools. */
const api = () => process.env.CLOUDFLARE_API_BASE_URL ?? "https://api.cloudflare.com/client/v4";

const answer = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ message: z.string() })).default([]),
  result: z.unknown(),
});

const TOKEN = "Set CLOUDFLARE_API_TOKEN to a token that may read the zone and edit its DNS";

/** @throws Problem with `EXIT.refused` if the token is missing or Cloudflare refuses it */
async function get<T>(path: string, schema: z.ZodType<T>): Promise<T> {
  const token = process.env.CLOUDFLARE_API_TOKEN;
  if (!token) throw new Problem("CLOUDFLARE_API_TOKEN is not set", TOKEN, EXIT.refused);
  const { json, status } = await request(`${api()}${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { data } = answer.safeParse(json);
  const result = data?.success ? schema.safeParse(data.result).data : undefined;
  if (result !== undefined) return result;
  const reason = data?.errors.map(({ message }) => message).join("; ");
  throw new Problem(`Cloudflare answers ${status}: ${reason}`, TOKEN, EXIT.refused);
}

const zone = z.object({
  name: z.string(),
  status: z.string(),
  /** What the token may do in the zone, such as `#dns_records:edit`. */
  permissions: z.array(z.string()).optional(),
});
const record = z.object({
  id: z.string().optional(),
  type: z.string(),
  content: z.string(),
  proxied: z.boolean(),
  ttl: z.number().optional(),
  comment: z.string().nullish(),
});

export type DnsRecord = z.output<typeof record>;

export const readZone = (zoneId: string) => get(`/zones/${zoneId}`, zone);

/** Records of a name. */
export const readRecords = (zoneId: string, name: string): Promise<DnsRecord[]> =>
  get(`/zones/${zoneId}/dns_records?name=${encodeURIComponent(name)}`, z.array(record));
