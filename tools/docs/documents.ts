import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { environments } from "../../environments/index.ts";
import { CLI_FOLDER, cliFiles } from "../../modules/chat-hasura-lite/metadata/cli-files.ts";
import { writeBundles } from "../build/bundles.ts";
import { abPages } from "./ab.ts";
import { addressFiles } from "./addresses.ts";
import { DASHBOARD_PICTURE, dashboardPicture } from "./dashboard-picture.ts";
import { environmentVariables } from "./environment-variables.ts";
import { graphqlSchemas, schemaFile } from "./graphql-schemas.ts";
import { mcpTools } from "./mcp-tools.ts";
import { measurementsPage } from "./measurements.ts";
import { modulePages } from "./module-pages.ts";
import { runbook } from "./restore.ts";
import { SCALING_PAGE, scalingPage } from "./scaling.ts";
import { MONITORING_PAGE, monitoringPage } from "./service-levels.ts";
import { COSTS_PAGE, costsPage } from "./standing-costs.ts";

/** Writes the documents that differ from what the code generates. */
export async function writeDocuments(): Promise<void> {
  // The constructs need the bundles when they are synthesised.
  await writeBundles(["lambdas", "programs"]);
  const documents: readonly (readonly [file: string, content: string])[] = [
    ["docs/environment-variables.md", environmentVariables()],
    ["docs/mcp-tools.md", mcpTools()],
    ["docs/measurements.md", await measurementsPage()],
    ...Object.entries(modulePages()),
    ...Object.entries(await abPages()),
    ...Object.entries(await runbook()),
    [COSTS_PAGE, costsPage()],
    [SCALING_PAGE, await scalingPage()],
    [MONITORING_PAGE, monitoringPage()],
    [DASHBOARD_PICTURE, dashboardPicture()],
    ...environments.flatMap(addressFiles),
    ...[...cliFiles()].map(([file, content]) => [path.join(CLI_FOLDER, file), content] as const),
    ...[...(await graphqlSchemas())].map(([role, schema]) => [schemaFile(role), schema] as const),
  ];
  let changed = 0;
  for (const [file, content] of documents) {
    if ((await readFile(file, "utf8").catch(() => undefined)) === content) continue;
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
    console.log(`wrote ${file}`);
    changed++;
  }
  console.log(`${documents.length} documents, ${changed} changed`);
}
