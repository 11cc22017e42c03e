import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type GitHubServer, startGitHub } from "../../test/pipeline/github-server.ts";
import { parsePlan } from "../terraform/plan.ts";
import { hasDrifted, reportDrift } from "./drift.ts";
import { type GitHub, gitHub } from "./github.ts";

let server: GitHubServer;
let api: GitHub;
beforeEach(async () => {
  server = await startGitHub();
  api = gitHub(server);
});
afterEach(() => server.stop());

const titles = () => server.issues.map(({ title, state }) => `${title}: ${state}`);

describe("the issue about drift", () => {
  it("is opened once for each environment, rewritten while the drift lasts, and closed when it is gone", async () => {
    expect(await reportDrift(api, "development", undefined)).toBe("no issue");
    expect(await reportDrift(api, "development", "first")).toBe("issue opened");
    expect(await reportDrift(api, "production", "other")).toBe("issue opened");
    expect(await reportDrift(api, "development", "second")).toBe("issue updated");
    expect(titles()).toEqual(["Drift in development: open", "Drift in production: open"]);
    expect(server.issues[0]?.body).toContain("second");

    expect(await reportDrift(api, "development", undefined)).toBe("issue closed");
    expect(await reportDrift(api, "development", "again")).toBe("issue opened");
    expect(titles()).toEqual([
      "Drift in development: closed",
      "Drift in production: open",
      "Drift in development: open",
    ]);
  });

  it("is not a person's, whatever it starts with", async () => {
    server.issues.push({
      number: 99,
      title: "Mine",
      body: "<!-- phenom-chat drift: development -->",
      state: "open",
      user: { login: "mallory" },
    });
    expect(await reportDrift(api, "development", "report")).toBe("issue opened");
  });
});

describe("an environment", () => {
  const drifted = (plan: object) =>
    hasDrifted(parsePlan(JSON.stringify({ format_version: "1.2", ...plan }), "plan"));
  const resource = (actions: string[]) => ({ address: "a.b", mode: "managed", change: { actions } });

  it("has drifted if something would be changed back, or was changed outside of Terraform", () => {
    expect(drifted({ resource_changes: [resource(["no-op"])] })).toBe(false);
    expect(drifted({ resource_changes: [resource(["update"])] })).toBe(true);
    expect(drifted({ resource_drift: [resource(["update"])] })).toBe(true);
    expect(drifted({ output_changes: { url: { actions: ["update"] } } })).toBe(true);
  });
});
