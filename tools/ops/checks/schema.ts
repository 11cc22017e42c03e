import { trySignIn } from "../../../migrations/preflight.ts";
import { runScript } from "../one-shot.ts";
import { type Check, type Finding, failed, finding, passed, skipped } from "./check.ts";

/** Prefixes of the results' lines in the task's log. */
const MARK = "schema:";
const TRIED = "sign-in:";
const script = `exec psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 <<'END'
select '${MARK} ' || name || ' ' || checksum from public.chat_schema_migrations order by version;
${trySignIn(`'${TRIED} ' || problem || ' => ' || remedy`)}
END
`;

/**
 * The database's records hold every migration that was applied, unchanged. The database is unreachable from outside, so
 * the migration's task reads them, with a command in place of the one that migrates.
 */
export const schema: Check = {
  name: "schema",
  transient: false,
  async run({ context, outputs }) {
    const what = "database schema";
    const { one_shot_tasks, migrations } = outputs;
    const remedy = `npm run ops -- migrate ${context.environment.environment}`;
    const task = one_shot_tasks["migration"];
    if (!task) return [];
    if (context.settings.dryRun) return [skipped(what, "a dry run starts no task", "")];
    const tried: Finding[] = [];
    const compared = await finding(what, remedy, async () => {
      const { exitCode, lines } = await runScript(context, task, script);
      const schema = compare(what, migrations, recordsIn(lines), remedy);
      if (exitCode === 0) tried.push(signIns(lines));
      else if (schema.state === "passed")
        return failed(what, `psql ended with ${exitCode}: ${lines.join(" ")}`, remedy);
      return schema;
    });
    return [compared, ...tried];
  },
};

/** What the backend's table `users` would refuse when somebody signs in. */
function signIns(lines: readonly string[]): Finding {
  const what = "what a sign-in writes";
  const problems = lines
    .filter((line) => line.startsWith(`${TRIED} `))
    .map((line) => line.slice(TRIED.length + 1).split(" => "));
  if (problems.length === 0) return passed(what, "accepted, tried and undone");
  return failed(
    what,
    problems.map(([problem]) => problem).join("; "),
    [...new Set(problems.map(([, remedy = ""]) => remedy))].join(" "),
  );
}

const recordsIn = (lines: readonly string[]): Map<string, string> =>
  new Map(
    lines
      .filter((line) => line.startsWith(`${MARK} `))
      .map((line) => line.slice(MARK.length + 1).split(" "))
      .map(([name = "", checksum = ""]) => [name, checksum]),
  );

function compare(
  what: string,
  expected: Readonly<Record<string, string>>,
  recorded: Map<string, string>,
  remedy: string,
) {
  const missing = Object.keys(expected).filter((name) => !recorded.has(name));
  const changed = Object.keys(expected).filter(
    (name) => recorded.has(name) && recorded.get(name) !== expected[name],
  );
  const newer = [...recorded.keys()].filter((name) => !(name in expected));
  if (changed.length)
    return failed(
      what,
      `changed after they were applied: ${changed.join(" ")}`,
      "Restore those files, and write the change as a new migration",
    );
  if (missing.length) return failed(what, `missing: ${missing.join(" ")}`, remedy);
  const at = [...recorded.keys()].at(-1);
  // The code of an earlier release runs on a newer schema after a rollback.
  return passed(what, newer.length ? `${at}, newer than the code` : `${at}`);
}
