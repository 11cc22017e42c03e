import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type GitHubServer, startGitHub } from "../../test/pipeline/github-server.ts";
import { type Finding, readFindings, reportFindings } from "./findings.ts";
import { gitHub } from "./github.ts";

const trivy = (...found: readonly object[]) => ({
  SchemaVersion: 2,
  Results: [{ Target: "x", Vulnerabilities: found }],
});
const debian = (Severity: string, FixedVersion?: string) => ({
  VulnerabilityID: "CVE-2026-1",
  PkgName: "openssl",
  InstalledVersion: "3.0.1",
  ...(FixedVersion && { FixedVersion }),
  Severity,
});
const grype = (...matches: readonly object[]) => ({ matches });
const node = (severity: string, versions: readonly string[]) => ({
  vulnerability: {
    id: "CVE-2026-2",
    severity,
    fix: { state: versions.length ? "fixed" : "not-fixed", versions },
  },
  artifact: { name: "node", version: "22.21.1", type: "binary" },
});
const openssl = {
  vulnerability: { id: "CVE-2026-1", severity: "High", fix: { versions: ["3.0.2"] } },
  artifact: { name: "openssl", version: "3.0.1" },
};

describe("what the scanners found", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "phenom-chat-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const write = (files: Record<string, object>) => {
    for (const name of ["synapse.trivy", "mcp.trivy", "synapse.grype", "mcp.grype"])
      writeFileSync(
        path.join(folder, `${name}.json`),
        JSON.stringify(files[name] ?? (name.endsWith("trivy") ? { SchemaVersion: 2 } : grype())),
      );
  };

  it("is listed once where both found it, the gravest first, with the version of the runtime", () => {
    write({
      "mcp.trivy": trivy(debian("HIGH", "3.0.2")),
      "mcp.grype": grype(openssl, node("Critical", ["22.21.2"])),
    });
    expect(readFindings(folder)).toEqual([
      { image: "mcp", id: "CVE-2026-2", severity: "CRITICAL", what: "node 22.21.1", fixedIn: "22.21.2" },
      { image: "mcp", id: "CVE-2026-1", severity: "HIGH", what: "openssl 3.0.1", fixedIn: "3.0.2" },
    ]);
  });

  it("is left out where no update closes it, or it is not serious", () => {
    write({
      "synapse.trivy": trivy(debian("HIGH"), debian("LOW", "3.0.2")),
      "synapse.grype": grype(node("Critical", []), node("Medium", ["22.21.2"])),
    });
    expect(readFindings(folder)).toEqual([]);
  });

  it("is never empty because a scanner wrote nothing", () => {
    expect(() => readFindings(folder)).toThrow("mcp.trivy.json is not what the scanner writes");
    write({ "mcp.grype": {} });
    expect(() => readFindings(folder)).toThrow("mcp.grype.json is not what the scanner writes");
  });
});

describe("the issue about vulnerabilities", () => {
  let server: GitHubServer;
  beforeEach(async () => {
    server = await startGitHub();
  });
  afterEach(() => server.stop());
  const finding: Finding = {
    image: "mcp",
    id: "CVE-2026-2",
    severity: "CRITICAL",
    what: "node 22.21.1",
    fixedIn: "22.21.2",
  };
  const report = (version: string, findings: readonly Finding[]) =>
    reportFindings(gitHub(server), version, findings, "https://example.org/run");

  it("is one for all releases: opened, rewritten, and closed when a release has none", async () => {
    expect(await report("1.2.3", [])).toBe("no issue");
    expect(await report("1.2.3", [finding])).toBe("issue opened");
    expect(await report("1.2.4", [finding, { ...finding, id: "CVE-2026-3" }])).toBe("issue updated");
    expect(server.issues).toHaveLength(1);
    expect(server.issues[0]?.title).toBe("Vulnerabilities in release 1.2.4");
    expect(server.issues[0]?.body).toContain(
      "- **CRITICAL** `CVE-2026-3`: `node 22.21.1`, fixed in `22.21.2`",
    );
    expect(await report("1.2.5", [])).toBe("issue closed");
  });

  it("fits, however many there are", async () => {
    const many = Array.from({ length: 3000 }, (_, index) => ({ ...finding, id: `CVE-2026-${index}` }));
    expect(await report("1.2.3", many)).toBe("issue opened");
    expect(server.issues[0]?.body).toContain("more are in the files of [the run]");
  });

  it("is about the newest release, and no draft", async () => {
    expect(await gitHub(server).newestRelease()).toBeUndefined();
    server.releases.push(
      { tag_name: "v2.0.0", draft: true, prerelease: false },
      { tag_name: "v1.2.3", draft: false, prerelease: false },
    );
    expect(await gitHub(server).newestRelease()).toBe("v1.2.3");
  });
});
