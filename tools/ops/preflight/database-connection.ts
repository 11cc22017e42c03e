import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { BlockList, connect as connectTcp, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from "node:tls";
import { type Finding, failed, later, passed } from "../checks/check.ts";

/** Time limit of the whole attempt. */
const TIMEOUT_MS = 3000;

/** The message with which a PostgreSQL client asks for TLS: its length, and the code that stands for it. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

const WHAT = "PostgreSQL connection";
const LATER =
  "the tasks of npm run ops -- db-setup and migrate connect from inside the VPC, and say what fails";

const privateAddresses = new BlockList();
for (const [network, prefix] of [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
] as const)
  privateAddresses.addSubnet(network, prefix, "ipv4");

/**
 * Connects to the database from where this runs, without signing in: whether it answers, over TLS, with a certificate of
 * its name. Where the network lets nobody but the VPC in, nothing is known yet, and a later step tries it.
 */
export async function databaseConnection(host: string, port: number): Promise<Finding> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  let address: string;
  try {
    ({ address } = await lookup(host, { family: 4 }));
  } catch {
    return later(WHAT, `not tried, because ${host} does not resolve here: ${LATER}`);
  }
  const socket = connectTcp({ host: address, port });
  try {
    await once(socket, "connect", { signal });
  } catch (error) {
    socket.destroy();
    if (signal.aborted || privateAddresses.check(address))
      return later(WHAT, `not tried, because ${address}:${port} can't be reached from here: ${LATER}`);
    return failed(
      WHAT,
      `${address}:${port}: ${error instanceof Error ? error.message : error}`,
      "Correct rds_endpoint and rds_port, or have the instance started",
    );
  }
  try {
    return await handshake(socket, host, signal);
  } catch (error) {
    return failed(
      WHAT,
      signal.aborted
        ? `no answer in ${TIMEOUT_MS / 1000} s`
        : `${error instanceof Error ? error.message : error}`,
      "Check that rds_endpoint and rds_port are those of a PostgreSQL server",
    );
  } finally {
    socket.destroy();
  }
}

async function handshake(socket: Socket, host: string, signal: AbortSignal): Promise<Finding> {
  socket.write(SSL_REQUEST);
  const [answer]: Buffer[] = await once(socket, "data", { signal });
  if (answer?.toString() === "N")
    return failed(
      WHAT,
      "the server does not offer TLS",
      "Ask the owner to turn TLS on: all our clients demand it",
    );
  if (answer?.toString() !== "S") throw new Error("the server is not PostgreSQL");
  // The authorities of RDS are in Lambda's runtime, where the functions verify them, but not here: the line names it.
  const secured = connectTls({ socket, servername: host, rejectUnauthorized: false });
  await once(secured, "secureConnect", { signal });
  return certificate(host, secured.getPeerCertificate(), secured.getProtocol());
}

function certificate(host: string, shown: PeerCertificate, protocol: string | null): Finding {
  const expired = new Date(shown.valid_to).getTime() < Date.now();
  const wrongName = checkServerIdentity(host, shown);
  const by = `certificate of ${shown.issuer.CN ?? "an unnamed authority"} until ${shown.valid_to}`;
  if (expired)
    return failed(WHAT, `${by}: it has expired`, "Ask the owner to renew the instance's certificate");
  if (wrongName)
    return failed(WHAT, `${by}: ${wrongName.message}`, "Take rds_endpoint from the instance itself");
  return passed(WHAT, `${protocol}, ${by}`);
}
