import { connect } from "node:tls";
import * as z from "zod/mini";

const PATIENCE_MS = 10_000;
const DAY_MS = 24 * 60 * 60 * 1000;

const days = (until: string): number => Math.floor((Date.parse(until) - Date.now()) / DAY_MS);

/** Days for which the certificate is valid that a host shows to everybody. */
export const certificateDays = (host: string, port = 443): Promise<number> =>
  new Promise((resolve, reject) => {
    // An expired certificate is to be measured, not refused.
    const socket = connect(
      { host, port, servername: host, rejectUnauthorized: false, timeout: PATIENCE_MS },
      () => {
        const { valid_to } = socket.getPeerCertificate();
        socket.end();
        if (valid_to) resolve(days(valid_to));
        else reject(new Error(`${host} shows no certificate`));
      },
    );
    socket.on("timeout", () => socket.destroy(new Error(`${host} does not answer`)));
    socket.on("error", reject);
  });

const registration = z.object({
  events: z.array(z.object({ eventAction: z.string(), eventDate: z.string() })),
});

/** Days until the domain of a host expires, by its registry. The domain is the last two labels of the host's name. */
export async function domainDays(host: string, rdap: string): Promise<number> {
  const domain = host.split(".").slice(-2).join(".");
  const response = await fetch(`${rdap}${domain}`, {
    headers: { accept: "application/rdap+json" },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!response.ok) throw new Error(`the registry answers ${response.status}`);
  const { events } = registration.parse(await response.json());
  const expiration = events.find(({ eventAction }) => eventAction === "expiration");
  if (!expiration) throw new Error(`the registry gives no expiration date of ${domain}`);
  return days(expiration.eventDate);
}
