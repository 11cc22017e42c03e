import { createHash, generateKeyPairSync } from "node:crypto";
import { Diagnostic } from "../plugin/diagnostic.ts";
import { isKnown, isSet, type Values } from "../plugin/value.ts";
import { hex, newSeed } from "./invented.ts";
import { type Check, computedFrom, type Provider, settable } from "./provider.ts";

const curves: Readonly<Record<string, string>> = {
  P224: "secp224r1",
  P256: "prime256v1",
  P384: "secp384r1",
  P521: "secp521r1",
};

const allowedValues = { algorithm: ["RSA", "ECDSA", "ED25519"], ecdsa_curve: Object.keys(curves) };

const keyDefaults = { rsa_bits: 2048, ecdsa_curve: "P224" };

function generate({ algorithm, rsa_bits, ecdsa_curve }: Values) {
  if (algorithm === "RSA")
    return generateKeyPairSync("rsa", { modulusLength: Number(rsa_bits) || keyDefaults.rsa_bits });
  if (algorithm === "ECDSA")
    return generateKeyPairSync("ec", { namedCurve: curves[String(ecdsa_curve)] ?? "secp224r1" });
  return generateKeyPairSync("ed25519");
}

/** The form that the real provider gives to a private key. */
const pemType = ({ algorithm }: Values) => {
  if (algorithm === "RSA") return "pkcs1";
  return algorithm === "ECDSA" ? "sec1" : "pkcs8";
};

function keyPair(values: Values): Values {
  const { privateKey, publicKey } = generate(values);
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" });
  const pem = publicKey.export({ type: "spki", format: "pem" });
  const id = createHash("sha1").update(pem).digest("hex");
  return {
    id,
    private_key_pem: privateKey.export({ type: pemType(values), format: "pem" }),
    private_key_pem_pkcs8: pkcs8,
    private_key_openssh: pkcs8,
    public_key_pem: pem,
    public_key_openssh: `ssh-offline ${Buffer.from(pem).toString("base64")}\n`,
    public_key_fingerprint_md5: id.slice(0, 32),
    public_key_fingerprint_sha256: `SHA256:${id}`,
  };
}

const check: Check = (type, config) =>
  type === "tls_private_key"
    ? Object.entries(allowedValues)
        .filter(([name, allowed]) => isKnown(config[name]) && !allowed.includes(String(config[name])))
        .map(
          ([name, allowed]) =>
            new Diagnostic(`${name} must be one of ${allowed.join(", ")}, got ${config[name]}`, "", [name]),
        )
    : [];

export const tls: Provider = {
  checkResource: check,
  checkEphemeral: check,
  replacedBy: (_type, block) => settable(block),
  plan(type, { config, prior, proposed }) {
    if (prior || type !== "tls_private_key") return proposed;
    const defaults = Object.entries(keyDefaults).filter(([name]) => !isSet(config[name]));
    return { ...proposed, ...Object.fromEntries(defaults) };
  },
  computed: (type, { planned }, { run }) =>
    computedFrom(
      type === "tls_private_key" ? keyPair(planned) : { id: hex(newSeed(type, planned, run), 40) },
    ),
  dataSource: () => computedFrom({}),
  open(_type, config) {
    const given = Object.fromEntries(Object.entries(config).filter(([, value]) => isSet(value)));
    const values = { ...keyDefaults, ...given };
    return { ...values, ...keyPair(values) };
  },
};
