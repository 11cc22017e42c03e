import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";
import { development } from "../../environments/development.ts";
import { describeWithSynapse } from "../../test/describe-with-synapse.ts";
import { MOVE_MEDIA, rehearse } from "./rehearsal.ts";

describeWithSynapse("the rehearsal of a restore", () => {
  it("loses databases and media, restores them to a point in time, and finds them whole", async () => {
    const { timings, findings } = await rehearse(development, () => {});
    expect(timings.at(-1)?.label).toBe("all steps of the restore");
    expect(findings.join("\n")).toMatch(/messages.*Hasura.*media.*keys.*sessions.*the chat goes on/s);
  });

  it("moves the media with the runbook's command", () => {
    expect(readFileSync("docs/runbook.md", "utf8")).toContain(MOVE_MEDIA);
  });
});
