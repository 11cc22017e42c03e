/**
 * Ends the run with the tests that took more than one try, the tests that were left out for a missing tool, and the
 * counts: `N passed, N failed, N skipped`, alone on the last line.
 */
export default class Reporter {
  /** @type {{ name: string, tries: number, passed: boolean }[]} */
  #retried = [];
  /** Number of tests left out by missing tools, such as "redis synapse". @type {Map<string, number>} */
  #leftOut = new Map();
  /** @type {string | undefined} */
  #namePattern;
  #choseNone = false;

  constructor({ testNamePattern }) {
    this.#namePattern = testNamePattern;
  }

  onTestResult(_test, { testResults }) {
    for (const { fullName, ancestorTitles, title, status, invocations = 1 } of testResults) {
      if (invocations > 1)
        this.#retried.push({ name: fullName, tries: invocations, passed: status === "passed" });
      if (status === "pending") {
        const tools = missingTools([...ancestorTitles, title]);
        if (tools) this.#leftOut.set(tools, (this.#leftOut.get(tools) ?? 0) + 1);
      }
    }
  }

  onRunComplete(_contexts, results) {
    // A file that could not be loaded has failed, and has no tests.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    this.#choseNone = this.#namePattern !== undefined && results.numPassedTests + failed === 0;
    const lines = [
      ...this.#retried.map(
        ({ name, tries, passed }) => `${passed ? "passed" : "failed"} after ${tries} tries: ${name}`,
      ),
      ...(this.#retried.length ? [`retried: ${this.#retried.length} tests`] : []),
      ...(this.#choseNone ? [`no test ran: none has a name like "${this.#namePattern}"`] : []),
      ...(this.#leftOut.size ? [this.#describeLeftOut()] : []),
    ];
    const counts = `${results.numPassedTests} passed, ${failed} failed, ${results.numPendingTests} skipped`;
    // After the summary, which Jest prints last.
    process.once("exit", () => {
      for (const line of lines) console.error(line);
      console.log(counts);
    });
  }

  /** Fails a run whose `-t` chose no test, which Jest lets pass. */
  getLastError() {
    return this.#choseNone ? new Error("No test was chosen.") : undefined;
  }

  #describeLeftOut() {
    const parts = [...this.#leftOut].map(
      ([tools, count]) => `${count} for ${tools.replaceAll(" ", " and ")}`,
    );
    const tools = new Set([...this.#leftOut.keys()].flatMap((names) => names.split(" ")));
    const total = [...this.#leftOut.values()].reduce((sum, count) => sum + count, 0);
    return `left out for missing tools: ${total} tests (${parts.join(", ")}); install: npm run setup -- --only ${[...tools].join(" ")}`;
  }
}

/** The tools that describe-if.ts names in the title of what it skips. */
function missingTools(titles) {
  const names = titles.flatMap(
    (title) => /\(needs ([\w-]+(?:, [\w-]+)*)\)$/.exec(title)?.[1]?.split(", ") ?? [],
  );
  return [...new Set(names)].sort().join(" ");
}
