import { Argument } from "@commander-js/extra-typings";
import { createCommand, main, oneOf, repeatable } from "../cli/command.ts";
import { EXIT, Problem } from "../cli/problem.ts";
import { processOutput, Reporter } from "../ops/report.ts";
import type { Benchmark } from "./benchmark.ts";
import * as lambdas from "./lambdas.ts";
import * as liveQueries from "./live-queries.ts";
import * as mcpColdStart from "./mcp-cold-start.ts";
import * as mcpProcess from "./mcp-process.ts";
import * as mcpSynapse from "./mcp-synapse.ts";
import * as mcpThroughput from "./mcp-throughput.ts";
import * as mcpTokens from "./mcp-tokens.ts";
import { assertTrustworthy, busyCores, remember } from "./measurements.ts";
import * as pushActions from "./push-actions.ts";
import { measureAll, record, rows } from "./results.ts";
import * as retention from "./retention.ts";
import * as schemaInsert from "./schema-insert.ts";
import * as schemaPage from "./schema-page.ts";
import * as search from "./search.ts";
import * as synapseStart from "./synapse-start.ts";
import * as synth from "./synth.ts";

const benchmarks: readonly Benchmark[] = [
  synth,
  lambdas,
  schemaInsert,
  schemaPage,
  search,
  liveQueries,
  retention,
  pushActions,
  mcpTokens,
  mcpThroughput,
  mcpProcess,
  mcpColdStart,
  mcpSynapse,
  synapseStart,
];
const list = benchmarks.map(({ name, description }) => `  ${name.padEnd(15)} ${description}`).join("\n");

const command = createCommand("npm run bench --", "Measures, and compares with baselines and targets.")
  .addArgument(
    new Argument("[benchmark...]", "what to measure")
      .argParser(repeatable(oneOf(benchmarks, ({ name }) => name)))
      .default(benchmarks.slice(0, 0), "all"),
  )
  .option("--quick", "shorter, to see that everything works; the figures are not to be trusted", false)
  .option("--json", "the result as JSON instead of a table", false)
  .option(
    "--record",
    "keep the result in docs/measurements.json, from which npm run docs makes a page",
    false,
  )
  .option("--list", "only list the benchmarks", false)
  .addHelpText(
    "after",
    `\nBenchmarks:\n${list}\n\nExits with 1 if a benchmark could not be measured, not if a target is missed.`,
  )
  .action(async (chosen, { quick, json, record: isRecord, list: onlyList }) => {
    if (onlyList) return console.log(list);
    if (isRecord) assertTrustworthy(quick, await busyCores());
    const report = new Reporter(processOutput, json);
    const results = await measureAll(
      chosen.length > 0 ? benchmarks.filter((benchmark) => chosen.includes(benchmark)) : benchmarks,
      quick,
      (line) => report.progress(line),
    );
    report.line("");
    report.table(rows(results));
    if (isRecord) await remember(results);
    report.end({ node: process.version, quick, ...record(results) });
    const failed = results.filter(({ error }) => error !== undefined).map(({ name }) => name);
    if (failed.length > 0) throw new Problem(`Could not be measured: ${failed.join(", ")}`, "", EXIT.failed);
  });

await main(command);
