import { oneShotRun, runOneShot } from "../one-shot.ts";
import { type Check, failed, finding, leftOut, passed } from "./check.ts";

/** Marks the lines that are ours in the task's log. */
const MARK = "schema:";
const script = `exec psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 <<'END'
select '${MARK} ' || name || ' ' || checksum from public.chat_schema_migrations order by version;
END
`;

/**
 * The database's own records hold every migration that was applied, unchanged. The database is out of reach from here,
 * so the migration's task asks it: with a command that reads in place of the one that migrates.
 */
export const schema: Check = {
  name: "schema",
  transient: false,
  async look({ context, outputs }) {
    const what = "database schema";
    const { one_shot_tasks, migrations } = outputs;
    const remedy = `npm run ops -- migrate ${context.environment.environment}`;
    const task = one_shot_tasks["migration"];
    if (!task) return [];
    if (context.settings.dryRun) return [leftOut(what, "a dry run starts no task", "")];
    return [
      await finding(what, remedy, async () => {
        const lines: string[] = [];
        const exitCode = await runOneShot(context, {
          ...oneShotRun(task),
          command: ["sh", "-c", script],
          onLine: (line) => lines.push(line.trim()),
        });
        if (exitCode !== 0) return failed(what, `psql ended with ${exitCode}: ${lines.join(" ")}`, remedy);
        return compare(what, migrations, recordsIn(lines), remedy);
      }),
    ];
  },
};

const recordsIn = (lines: readonly string[]): Map<string, string> =>
  new Map(
    lines
      .filter((line) => line.startsWith(`${MARK} `))
      .map((line) => line.slice(MARK.length + 1).split(" "))
      .map(([name = "", checksum = ""]) => [name, checksum]),
  );

function compare(
  what: string,
  wanted: Readonly<Record<string, string>>,
  held: Map<string, string>,
  remedy: string,
) {
  const missing = Object.keys(wanted).filter((name) => !held.has(name));
  const changed = Object.keys(wanted).filter((name) => held.has(name) && held.get(name) !== wanted[name]);
  const newer = [...held.keys()].filter((name) => !(name in wanted));
  if (changed.length)
    return failed(
      what,
      `applied in another form: ${changed.join(" ")}`,
      "Restore those files, and write the change as a new migration",
    );
  if (missing.length) return failed(what, `missing: ${missing.join(" ")}`, remedy);
  const at = [...held.keys()].at(-1);
  // A newer schema is what the code of a release before must live with.
  return passed(what, newer.length ? `${at}, newer than the code` : `${at}`);
}
