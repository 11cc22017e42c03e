import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import Ajv2020 from "ajv/dist/2020.js";
import { parse } from "yaml";
import * as z from "zod";
import { environments } from "../../../environments/index.ts";
import { RESERVED_PREFIX, roomAliases } from "../../../shared/matrix-names.ts";
import { withMessage } from "../../../test/jest/with-message.ts";
import { exampleProps } from "../../../tools/servers/synapse.ts";
import { workerConfig, workerKinds } from "../workers/workers.ts";
import { type HomeserverProps, homeserverConfig } from "./config.ts";
import { containerPaths } from "./container.ts";
import { logConfig } from "./log-config.ts";

const everyOption: HomeserverProps = {
  ...exampleProps,
  previewHosts: ["cdn.thephenom.app"],
  federation: { domains: ["matrix.example.org"] },
  jwt: { keys: { keys: [{ kid: "1", kty: "RSA", alg: "RS256", n: "AQAB", e: "AQAB" }] }, audiences: ["app"] },
  maxUploadSize: "100M",
  oldSigningKeys: [{ id: "ed25519:a_1", key: "A".repeat(43), expired: "2026-11-21T14:00:00Z" }],
  workers: {
    counts: { sync: 2, client: 2, events: 1, streams: 1, media: 1, background: 1 },
    redis: { host: "redis.example.internal", port: 6379 },
    hostOf: (process) => (process === "main" ? "synapse.internal" : `${process.name}.internal`),
  },
};

const schemaFile = join(import.meta.dirname, "synapse-config.schema.yaml");

describe("homeserver.yaml by Synapse's own schema", () => {
  it.each<[string, HomeserverProps]>([
    ["as it is by default", exampleProps],
    ["with every option", everyOption],
  ])("%s is valid by Synapse's schema and has no key that the schema does not know", (_, props) => {
    const validate = validator();
    validate(homeserverConfig(props));
    expect(validate.errors).toBeNull();
  });

  it.each(workerKinds)("is valid together with a worker's own file: %s", (kind) => {
    const validate = validator();
    for (const federates of [true, false]) {
      const config = workerConfig({ kind, name: `${kind}-1` }, federates);
      validate({ ...homeserverConfig(everyOption), ...config });
      expect(validate.errors).toBeNull();
    }
  });

  it("the schema check finds an unknown key, even a nested one", () => {
    const validate = validator();
    expect(validate({ ...homeserverConfig(exampleProps), enable_telepathy: true })).toBe(false);
    expect(validate({ ...homeserverConfig(exampleProps), media_retention: { forever: "1d" } })).toBe(false);
  });
});

describe("homeserver.yaml", () => {});

describe("homeserver.yaml", () => {
  it("holds no secret, only paths of files in a folder that only Synapse reads", () => {
    const leaves = leavesOf(homeserverConfig(everyOption));
    const secretKeys = leaves.filter(([path]) => /secret|password|passfile|signing_key/.test(path));
    const allowed = new Set(["password_config", "jwt_config", "old_signing_keys"]);
    const suspicious = secretKeys.filter(([path]) => !allowed.has(path.split(".")[0] ?? ""));
    expect(suspicious).toHaveLength(7);
    for (const [path, value] of suspicious)
      withMessage(path, () => expect(String(value)).toMatch(/^\/run\/synapse\//));
  });

  it("names only files of containerPaths", () => {
    const files = leavesOf(homeserverConfig(everyOption))
      .map(([, value]) => value)
      .filter((value) => typeof value === "string" && /^\/(run|media)/.test(value));
    expect(new Set(files)).toEqual(
      new Set(
        Object.values(containerPaths).filter(
          (path) => path !== containerPaths.run && path !== containerPaths.config,
        ),
      ),
    );
  });

  it("keeps references of Terraform as they are, without quotes or backslashes next to them", () => {
    // The shapes in which CDKTF hands out values that are known at apply time only.
    const reference = (n: number) => `\${TfToken[TOKEN.${n}]}`;
    const port = -1.8881545897087503e289;
    const config = homeserverConfig({
      ...everyOption,
      userPoolId: reference(1),
      cognitoDomainHost: reference(2),
      oidcClientId: reference(3),
      database: { host: reference(4), port, name: "synapse", user: "synapse" },
    });
    expect(config.database.args).toMatchObject({ host: reference(4), port });
    expect(config.oidc_providers[0]).toMatchObject({
      client_id: reference(3),
      issuer: `https://cognito-idp.us-east-1.amazonaws.com/${reference(1)}`,
      token_endpoint: `https://${reference(2)}/oauth2/token`,
    });
    for (const [path, value] of leavesOf(config)) {
      if (String(value).includes("TfToken")) withMessage(path, () => expect(value).not.toMatch(/["\\]/));
    }
  });

  it("is plain JSON, so that any tool can write it as YAML", () => {
    const config = homeserverConfig(everyOption);
    expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    expect(JSON.parse(JSON.stringify(logConfig()))).toEqual(logConfig());
  });

  it("has the user pool as the issuer, not the hosted domain, and names all endpoints", () => {
    const [provider] = homeserverConfig(exampleProps).oidc_providers;
    expect(provider).toMatchObject({
      issuer: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE12",
      jwks_uri: "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_EXAMPLE12/.well-known/jwks.json",
      authorization_endpoint: "https://phenom-dev.auth.us-east-1.amazoncognito.com/oauth2/authorize",
      discover: false,
      pkce_method: "always",
    });
  });

  it("lets everybody send 10 messages a second and 30 at once", () => {
    expect(homeserverConfig(exampleProps).rc_message).toEqual({ per_second: 10, burst_count: 30 });
  });

  it("federates with no homeserver by default, and otherwise only with the named ones", () => {
    const closedServer = homeserverConfig(exampleProps);
    expect(closedServer.federation_domain_whitelist).toEqual([]);
    expect(JSON.stringify(closedServer.listeners)).not.toContain("federation");
    const open = homeserverConfig(everyOption);
    expect(open.federation_domain_whitelist).toEqual(["matrix.example.org"]);
    expect(open.listeners[0]).toMatchObject({ resources: [{ names: ["client", "federation"] }] });
  });

  it.each([
    "http://thephenom.app/phenom/{id}",
    "https://thephenom.app/phenom",
    "thephenom.app/{id}",
  ])("refuses the content address %s", (contentUrlTemplate) => {
    expect(() => homeserverConfig({ ...exampleProps, contentUrlTemplate })).toThrow(
      `contentUrlTemplate is "${contentUrlTemplate}": it must be an https address with {id}`,
    );
  });

  it("tells others the public halves of former signing keys, with the time of their last use", () => {
    expect(homeserverConfig(everyOption)).toMatchObject({
      old_signing_keys: { "ed25519:a_1": { key: "A".repeat(43), expired_ts: Date.UTC(2026, 10, 21, 14) } },
    });
    expect(homeserverConfig(exampleProps)).not.toHaveProperty("old_signing_keys");
  });

  it("keeps what users uploaded and drops copies of other servers' media after 30 days", () => {
    expect(homeserverConfig(everyOption).media_retention).toEqual({ remote_media_lifetime: "30d" });
  });

  it("limits uploads to the size of the environment", () => {
    expect(homeserverConfig(everyOption).max_upload_size).toBe("100M");
  });

  it("verifies the database by the authorities of RDS in the image, which know every environment's region", () => {
    expect(homeserverConfig(exampleProps).database.args).toMatchObject({ sslmode: "verify-full" });
    const file = readFileSync(join(import.meta.dirname, "image", "rds-ca.pem"), "utf8");
    const authorities = (file.match(/-----BEGIN[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map(
      (pem) => new X509Certificate(pem),
    );
    expect(authorities.length).toBeGreaterThan(80);
    for (const authority of authorities) expect(authority.checkIssued(authority)).toBe(true);
    for (const { region } of environments)
      for (const kind of ["RSA2048 G1", "RSA4096 G1", "ECC384 G1"])
        expect(authorities.map(({ subject }) => subject).join("\n")).toContain(
          `CN=Amazon RDS ${region} Root CA ${kind}`,
        );
  });

  it("sends everybody to the community room, whose alias only our own accounts can take", () => {
    const { auto_join_rooms, alias_creation_rules } = homeserverConfig(exampleProps);
    const aliases = roomAliases(exampleProps.serverName);
    expect(auto_join_rooms).toEqual([aliases.community]);
    expect(alias_creation_rules).toEqual([
      { user_id: `@${RESERVED_PREFIX}*:${exampleProps.serverName}`, action: "allow" },
      ...Object.values(aliases).map((alias) => ({ alias, action: "deny" })),
      { action: "allow" },
    ]);
  });
});

/** Checks against Synapse's schema, with no key allowed that it does not know. */
function validator() {
  const schema = closed(parse(readFileSync(schemaFile, "utf8")));
  const { properties } = z.object({ properties: z.record(z.string(), jsonObject) }).parse(schema);
  // Synapse and its documentation know this stream; its schema forgot it.
  Object.assign(properties["stream_writers"]?.["properties"] ?? {}, {
    quarantined_media_changes: { type: "string" },
  });
  return new Ajv2020({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
}

const jsonObject = z.record(z.string(), z.unknown());

/** The schema with every object closed whose keys it lists. */
function closed(schema: unknown): z.infer<typeof jsonObject> {
  const close = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(close);
    const object = jsonObject.safeParse(node);
    if (!object.success) return node;
    const {
      $schema: _,
      $id: __,
      ...rest
    } = Object.fromEntries(Object.entries(object.data).map(([key, value]) => [key, close(value)]));
    return "properties" in rest && !("additionalProperties" in rest)
      ? { ...rest, additionalProperties: false }
      : rest;
  };
  return jsonObject.parse(close(schema));
}

/** Every value that is no object, with its path. */
function leavesOf(value: unknown, path = ""): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([key, child]) => leavesOf(child, path ? `${path}.${key}` : key));
}
