import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "@jest/globals";

/** Pages that people write. A decision keeps what was measured when it was made, and the changelog what was then new. */
const pages = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], {
  encoding: "utf8",
})
  .trim()
  .split("\n")
  .filter((page) => !page.startsWith("docs/decisions/") && page !== "CHANGELOG.md");

/** What commands write from a results file. */
const generated =
  /^<!-- Written from .*|<!-- Written by npm run docs -->.*?<!-- End of what npm run docs writes -->/gs;
const quantity = /\d[\d.,]*[ \u00a0]?(ms|s|seconds|minutes|µs|MiB|KB|kB|GB|%|times|requests)(?![\w/])/;
const measuring = /\b(measure[sd]|took|resident)\b|\d times as (many|long|often)/i;

/** Sentences and rows of tables that state the result of a measurement. */
const handWritten = (page: string): string[] =>
  page
    .replaceAll(generated, "")
    .replaceAll(/^ *```.*?^ *```$/gms, "")
    .split(/\n(?=\n|[|-] ?)|(?<=[.;]) /)
    .map((text) => text.replaceAll(/\s+/g, " ").trim())
    .filter((text) => measuring.test(text) && quantity.test(text));

it.each(pages)("%s states no result of a measurement that a command doesn't write", (page) => {
  expect(handWritten(readFileSync(page, "utf8"))).toEqual([]);
});

it("finds a result in a sentence and in a table, and leaves limits and generated tables alone", () => {
  const page = `
Measured on two cores: it starts in 1.8 s.

| what | took |
| --- | --- |
| a call, measured | 12 ms |

A person may send 10 messages a second.

<!-- Written by npm run docs -->
measured: 12 ms
<!-- End of what npm run docs writes -->`;
  expect(handWritten(page)).toEqual([
    "Measured on two cores: it starts in 1.8 s.",
    "| a call, measured | 12 ms |",
  ]);
});
