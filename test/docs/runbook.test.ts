import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "@jest/globals";
import { environments } from "../../environments/index.ts";
import { environment, Template } from "../../stacks/chat/template.ts";
import { PlatformTemplate } from "../../stacks/platform/template.ts";
import { withMessage } from "../jest/with-message.ts";
import { opsVerbs as verbs } from "../ops/command.ts";

const page = readFileSync("docs/runbook.md", "utf8");

/** The place in a page that a heading makes, as GitHub names it. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");

/** Sections of the page: `###` headings with their text, below the `##` heading that they belong to. */
const sections = page.split(/^## /m).flatMap((chapter) => {
  const [title = "", ...rest] = chapter.split("\n");
  return rest
    .join("\n")
    .split(/^### /m)
    .slice(1)
    .map((section) => ({
      chapter: title,
      heading: section.slice(0, section.indexOf("\n")),
      text: section,
    }));
});
const commandsIn = (text: string): string[] =>
  [...text.matchAll(/^ *```sh\n(.*?)^ *```$/gms)].flatMap(([, block = ""]) =>
    block
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== ""),
  );
/** A command in a row of a table; the bar is escaped there. */
const inTables = [...page.matchAll(/^\| <a id=.*$/gm)].flatMap(([row]) =>
  [...row.matchAll(/ `((?:npm run|aws) (?:[^`\\]|\\.)*)` \|/g)].map(([, command = ""]) =>
    command.replaceAll("\\|", "|"),
  ),
);
const commands = [...commandsIn(page), ...inTables];

/** A command line's words; quotes hold one together. */
const words = (command: string) =>
  [...command.matchAll(/(?:'[^']*'|"[^"]*"|<[^>]*>|[^\s'"<]+)+/g)].map(([word]) => word);

describe("the alarms' places", () => {
  const templates = [
    ...[...environments, environment({ workers: { sync: 2, background: 1 } })].map(
      (data) => new Template(data),
    ),
    new PlatformTemplate(),
  ];
  const placesOf = (type: string, which: (body: Readonly<Record<string, unknown>>) => boolean = () => true) =>
    new Set(
      templates.flatMap((template) =>
        Object.values(template.resources(type))
          .filter(which)
          .map(({ alarm_description }) => String(alarm_description).replace(/^.*\/docs\/runbook\.md#/, "")),
      ),
    );
  const isPage = ({ alarm_actions }: Readonly<Record<string, unknown>>) =>
    String(alarm_actions).includes("page_topic");
  const pages = placesOf("aws_cloudwatch_composite_alarm", isPage);

  it("are a section for each alarm that pages", () => {
    const described = sections.filter(({ chapter }) => chapter === "Pages").map(({ heading }) => heading);
    expect(described.sort()).toEqual([...pages].sort());
  });

  it.each([...pages])("%s has a symptom, a first command and causes in order", (page) => {
    const { text = "" } = sections.find(({ heading }) => heading === page) ?? {};
    expect(text).toMatch(
      /\*\*Symptom\.\*\* .*First:\n\n```sh\n[^`]+```\n\nLikely causes, in order:\n\n1\. \*\*/s,
    );
  });

  it("are a row for each of the others, which its mail leads to", () => {
    const others = new Set([
      ...placesOf("aws_cloudwatch_metric_alarm"),
      ...placesOf("aws_cloudwatch_composite_alarm"),
    ]);
    for (const each of pages) others.delete(each);
    const rows = [...page.matchAll(/^\| <a id="([a-z0-9-]+)"><\/a>`\1` \|/gm)].map(([, id = ""]) => id);
    expect(rows.sort()).toEqual([...others].sort());
  });
});

describe("the page", () => {
  it("has a section for each step of a deployment that can fail, and for each disaster", () => {
    const in_ = (title: string) =>
      sections.filter(({ chapter }) => chapter.startsWith(title)).map(({ heading }) => heading);
    expect(in_("Failed steps")).toEqual([
      "plan fails",
      "migrate fails",
      "db-setup fails",
      "apply fails",
      "metadata fails",
      "bootstrap fails",
      "verify fails",
      "a job was cancelled, and the state is locked",
      "rollback fails",
    ]);
    expect(in_("Disasters")).toEqual([
      "The region is lost",
      "The signing key is lost",
      "Restore the database to a point in time",
      "Restore the media",
      "What a restore takes",
      "The agent's password is known to somebody",
    ]);
  });

  it("has a command in each row of the alarms that are no symptoms", () => {
    const rows = page.match(/^\| <a id=.*\|.*\|.*\|.*\|$/gm) ?? [];
    expect(inTables).toHaveLength(rows.length);
  });

  it.each(sections.map(({ heading, text }) => [heading, text] as const))("%s says what to run", (_, text) => {
    expect(commandsIn(text).length).toBeGreaterThan(0);
  });

  it("leads to sections and pages that exist", () => {
    for (const [, target = ""] of page.matchAll(/\]\(([^)]+)\)/g)) {
      const [file = "", fragment = ""] = target.split("#");
      const linked = file === "" ? page : readFileSync(path.join("docs", file), "utf8");
      const anchors = [
        ...[...linked.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => anchor(heading)),
        ...[...linked.matchAll(/<a id="([^"]+)">/g)].map(([, id = ""]) => id),
      ];
      if (fragment) withMessage(target, () => expect(anchors).toContain(fragment));
    }
  });
});

describe("a command of the runbook", () => {
  it.each([
    ...new Set(
      commands.map((command) =>
        words(command)
          .slice(0, command.startsWith("npm") ? 4 : 2)
          .join(" "),
      ),
    ),
  ])("%s … is one of ours, of AWS, git or Terraform, or copies files", (command) => {
    expect(command).toMatch(
      /^(npm run (ops|plan|apply|stage) --( |$)|npm run synth$|aws |cp -a|git |terraform -chdir=cdktf\.out\/)/,
    );
  });

  describe.each([
    ...new Set(commands.filter((command) => command.startsWith("npm run ops"))),
  ])("%s", (command) => {
    const [before = [], after] = split(words(command).slice(4), "--");
    const [verb = "", environment = "", ...rest] = before;

    it("names a verb, its options and an environment that exist", () => {
      expect(Object.keys(verbs)).toContain(verb);
      expect(environments.map((data) => data.environment)).toContain(environment);
      const options = rest.filter((word) => word.startsWith("--")).map((word) => word.slice(2));
      for (const option of options) expect(verbs[verb]).toContain(option);
      expect(after === undefined).toBe(verb !== "exec");
    });

    it("names parts that an environment has", () => {
      if (["logs", "restart", "rollback", "scale", "exec"].includes(verb))
        for (const part of partsOf(rest)) expect(PARTS).toContain(part);
    });
  });
});

function split<T>(list: readonly T[], separator: T): [T[], T[] | undefined] {
  const index = list.indexOf(separator);
  return index < 0 ? [[...list], undefined] : [list.slice(0, index), list.slice(index + 1)];
}

/** Words that name parts: not an option, not an option's value, not a number or a placeholder. */
const partsOf = (rest: readonly string[]) =>
  rest.filter((word, index) => {
    const value = rest[index - 1]?.startsWith("--") && !FLAGS.includes(rest[index - 1]?.slice(2) ?? "");
    return !word.startsWith("--") && !value && !/^(\d+|<.*>)$/.test(word);
  });
const FLAGS = ["all", "follow", "wait", "yes", "json", "dry-run"];

/** What operations call the parts of an environment that runs both implementations, with a worker. */
const PARTS = [
  "mcp",
  "synapse",
  "synapse_admin",
  "synapse_sync_1",
  "database_setup",
  "migration",
  "metadata",
  "bootstrap",
  "link_preview",
  "user_provisioner",
  "member_sync",
  "synapse_members",
  "token_enhancement",
  "outside",
];
