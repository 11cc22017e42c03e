import { processOutput, Reporter } from "../ops/report.ts";
import { UsageError } from "../usage.ts";
import type { Benchmark } from "./benchmark.ts";
import * as lambdas from "./lambdas.ts";
import * as mcpProcess from "./mcp-process.ts";
import * as mcpThroughput from "./mcp-throughput.ts";
import { readOptions } from "./options.ts";
import { measureAll, record, rows } from "./results.ts";
import * as schemaInsert from "./schema-insert.ts";
import * as schemaPage from "./schema-page.ts";
import * as synth from "./synth.ts";

const benchmarks: readonly Benchmark[] = [
  synth,
  lambdas,
  schemaInsert,
  schemaPage,
  mcpThroughput,
  mcpProcess,
];

const list = benchmarks.map(({ name, description }) => `  ${name.padEnd(15)} ${description}`).join("\n");
const usage = `npm run bench -- [name ...] [options]    measures, and compares with baselines and targets

Benchmarks (default: all)
${list}

Options
  --quick   shorter, to see that everything works; its figures are not to be trusted
  --json    the result as JSON on standard output, without a table
  --list    the benchmarks
  --help    this text

Exit codes: 0 everything was measured, whether or not targets are met; 1 a benchmark failed; 2 wrong usage.`;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), benchmarks);
  if (options.mode !== "measure") {
    console.log(options.mode === "help" ? usage : list);
    return 0;
  }
  const report = new Reporter(processOutput, options.json);
  const results = await measureAll(options.benchmarks, options.quick, (line) => report.progress(line));
  report.line("");
  report.table(rows(results));
  report.end({ node: process.version, quick: options.quick, ...record(results) });
  return results.some(({ error }) => error !== undefined) ? 1 : 0;
}

// process.exit, because the package that runs PostgreSQL would set the exit code to 0.
main().then(process.exit, (error: unknown) => {
  console.error(error instanceof UsageError ? error.message : error);
  process.exit(error instanceof UsageError ? 2 : 1);
});
