import { execFile } from "node:child_process";
import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import * as z from "zod";
import type { DatabaseConnection } from "./postgres.ts";

const run = promisify(execFile);
/** What may take longest: recovery, and the archive of a file of the log. */
const DEADLINE_MS = 60_000;

/** Settings of a server that keeps every file of its log in the folder `archive` beside its data. */
export const archiving = (directory: string): [string, string][] => [
  ["archive_mode", "on"],
  ["archive_command", `test ! -f ${join(directory, "archive")}/%f && cp %p ${join(directory, "archive")}/%f`],
];

/** Copies the files of a running server, as PostgreSQL documents it for backups without a tool of its own. */
export async function backUp(superuser: DatabaseConnection, directory: string): Promise<void> {
  await connected(superuser, async (client) => {
    const backup = join(directory, "backup");
    await client.query("select pg_backup_start('rehearsal', fast => true)");
    await run("cp", ["-a", join(directory, "data"), backup]);
    const { rows } = await client.query("select labelfile from pg_backup_stop(wait_for_archive => true)");
    const [{ labelfile }] = z.tuple([z.object({ labelfile: z.string() })]).parse(rows);
    await writeFile(join(backup, "backup_label"), labelfile);
    // Of the running server, and the log that the archive has.
    await run("sh", ["-c", 'rm -rf "$0"/postmaster.* "$0"/pg_wal/*; chown -R --reference="$0" "$0"', backup]);
  });
}

/** Waits until everything that was committed is in the archive. */
export async function archiveAll(superuser: DatabaseConnection): Promise<void> {
  await connected(superuser, async (client) => {
    const { rows } = await client.query("select pg_walfile_name(pg_switch_wal()) as file");
    const [{ file }] = z.tuple([z.object({ file: z.string() })]).parse(rows);
    await until("the archive has the last changes", async () => {
      const { rows } = await client.query("select last_archived_wal >= $1 as done from pg_stat_archiver", [
        file,
      ]);
      return rows[0]?.done === true;
    });
  });
}

/** Puts the backup in the place of a stopped server's data, to be rolled forward up to a time. */
export async function prepareRecovery(directory: string, time: string): Promise<void> {
  const data = join(directory, "data");
  await run("mv", [data, join(directory, "lost")]);
  await run("cp", ["-a", join(directory, "backup"), data]);
  await appendFile(
    join(data, "postgresql.auto.conf"),
    `restore_command = 'cp ${join(directory, "archive")}/%f %p'
recovery_target_time = '${time}'
recovery_target_action = 'promote'
`,
  );
  await writeFile(join(data, "recovery.signal"), "");
  await run("chown", [`--reference=${data}`, join(data, "recovery.signal")]);
}

export const untilRecovered = (superuser: DatabaseConnection): Promise<void> =>
  until("the database is recovered", () =>
    connected(superuser, async (client) => {
      const { rows } = await client.query("select not pg_is_in_recovery() as done");
      return rows[0]?.done === true;
    }).catch(() => false),
  );

async function until(what: string, done: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${DEADLINE_MS / 1000} s`);
    await wait(50);
  }
}

async function connected<Result>(
  connection: DatabaseConnection,
  step: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(connection);
  await client.connect();
  try {
    return await step(client);
  } finally {
    await client.end();
  }
}
